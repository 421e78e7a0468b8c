"""Bilinear resizing of an image, in integers with 10 bits of position."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.ir import Array, Graph, KernelCall, Op, RowWindow, Shape, Tensor, to_int
from mcu_vision.ops.common import Pair, check_positive, image_shape

ONE = 1 << 10


@dataclass
class ResizeBilinear(Op):
    """inputs: x (1, H, W, C); output (1, *size, C), of the same quantisation.

    TensorFlow Lite RESIZE_BILINEAR as `ResizeBilinearInteger` computes it, ties away from zero.
    """

    kind = "resize_bilinear"
    size: Pair = (1, 1)
    align_corners: bool = False
    half_pixel_centers: bool = False

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        check_positive(self.size, self.name)
        return (1, *self.size, image_shape(inputs[0], self.name)[2])

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        return [None]

    def _positions(self, source: int, target: int) -> tuple[Array, Array, Array]:
        """For each output place the input places around it, and the second one's share in 1/1024."""
        span, steps = (source - 1, target - 1) if self.align_corners and target > 1 else (source, target)
        scale = (ONE * span + steps // 2) // steps
        at = np.arange(target) * scale + (scale // 2 - ONE // 2 if self.half_pixel_centers else 0)
        low = np.clip(at // ONE, 0, source - 1)
        high = np.clip((at + ONE - 1) // ONE, 0, source - 1)
        return low, high, at - ONE * low

    def _interpolate(self, x: Array) -> Array:
        """2**20 times the result."""
        for axis in (1, 2):
            low, high, share = self._positions(x.shape[axis], self.size[axis - 1])
            share = share.reshape([-1 if i == axis else 1 for i in range(4)])
            x = x.take(low, axis) * (ONE - share) + x.take(high, axis) * share
        return x

    def reference_float(self, *arrays: Array) -> Array:
        return np.asarray(self._interpolate(arrays[0].astype(np.float64)) / ONE**2)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        total = self._interpolate(to_int(arrays[0]))
        return np.asarray(np.sign(total) * ((np.abs(total) + ONE**2 // 2) >> 20), np.int8)

    def kernel(self, graph: Graph) -> KernelCall:
        _, h, w, channels = graph.tensors[self.inputs[0]].shape
        rows, columns = self._positions(h, self.size[0]), self._positions(w, self.size[1])
        params: dict[str, int | Array] = {"in_w": w, "channels": channels, "width": self.size[1]}
        for axis, places in (("row", rows), ("column", columns)):
            for name, values in zip(("low", "high", "share"), places, strict=True):
                params[f"{axis}_{name}"] = values.astype(np.int16)
        return KernelCall("nn_resize_bilinear_s8", "nn_resize_bilinear", params, ("whole",), passes_step=True)
