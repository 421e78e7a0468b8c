"""Maximum and average over sliding windows; input and output share one quantisation."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.ir import Array, Graph, KernelCall, Op, RowWindow, Shape, Tensor, to_int
from mcu_vision.ops.common import (
    Padding,
    Pair,
    activation_range,
    apply_activation,
    check_positive,
    image_shape,
    kernel_suffix,
    limits,
    output_length,
    sliding_windows,
)


@dataclass
class _Pool2d(Op):
    """Shape and row rule of both."""

    size: Pair = (2, 2)
    stride: Pair = (2, 2)
    padding: Padding = (0, 0, 0, 0)
    activation: str = "none"

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        h, w, channels = image_shape(inputs[0], self.name)
        oh = output_length(h, self.size[0], self.stride[0], 1, self.padding[0], self.padding[2])
        ow = output_length(w, self.size[1], self.stride[1], 1, self.padding[1], self.padding[3])
        check_positive((oh, ow), self.name)
        return (1, oh, ow, channels)

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        return [RowWindow(self.stride[0], -self.padding[0], self.size[0])]

    def _view(self, x: Array, fill: float) -> Array:
        return sliding_windows(x, self.size, self.stride, (1, 1), self.padding, fill)

    def _call(self, graph: Graph, function: str) -> KernelCall:
        x, out = graph.tensors[self.inputs[0]], graph.tensors[self.outputs[0]]
        low, high = activation_range(self.activation, out.quant, out.dtype)
        params: dict[str, int | Array] = {
            "in_w": x.shape[2],
            "channels": x.shape[3],
            "out_w": out.shape[2],
            "kernel_h": self.size[0],
            "kernel_w": self.size[1],
            "stride_w": self.stride[1],
            "pad_left": self.padding[1],
            "out_min": low,
            "out_max": high,
        }
        return KernelCall(f"{function}_{kernel_suffix(out)}", "nn_pool", params, ("rows",))


@dataclass
class MaxPool2d(_Pool2d):
    """inputs: x. TensorFlow Lite MAX_POOL_2D; padding is ignored."""

    kind = "max_pool2d"

    def reference_float(self, *arrays: Array) -> Array:
        return apply_activation(self._view(arrays[0], -np.inf).max((3, 4)), self.activation)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        out = graph.tensors[self.outputs[0]]
        clamp = activation_range(self.activation, out.quant, out.dtype)
        largest = self._view(to_int(arrays[0]), limits(out.dtype)[0]).max((3, 4))
        return np.asarray(np.clip(largest, *clamp), out.dtype)

    def kernel(self, graph: Graph) -> KernelCall:
        return self._call(graph, "nn_max_pool")


@dataclass
class AveragePool2d(_Pool2d):
    """inputs: x. TensorFlow Lite AVERAGE_POOL_2D: the mean of the cells inside, ties away from zero."""

    kind = "average_pool2d"

    def _counts(self, x: Array) -> Array:
        return np.asarray(self._view(np.ones((1, *x.shape[1:3], 1), np.int64), 0).sum((3, 4)))

    def reference_float(self, *arrays: Array) -> Array:
        mean = self._view(arrays[0], 0.0).sum((3, 4)) / self._counts(arrays[0])
        return apply_activation(mean.astype(np.float32), self.activation)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        total, count = self._view(to_int(arrays[0]), 0).sum((3, 4)), self._counts(arrays[0])
        mean = np.sign(total) * ((np.abs(total) + count // 2) // count)
        out = graph.tensors[self.outputs[0]]
        return np.asarray(np.clip(mean, *activation_range(self.activation, out.quant, out.dtype)), out.dtype)

    def kernel(self, graph: Graph) -> KernelCall:
        return self._call(graph, "nn_average_pool")
