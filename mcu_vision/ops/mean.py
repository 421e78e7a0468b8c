"""Mean over height and width (global average pooling), accumulated row by row."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.int8 import multiply_by_quantized_multiplier, quantize_multiplier
from mcu_vision.ir import Array, Graph, KernelCall, Op, RowWindow, Shape, Tensor, to_int
from mcu_vision.ops.common import image_shape, kernel_suffix, limits


@dataclass
class Mean(Op):
    """inputs: x (1, H, W, C); output (1, C). TensorFlow Lite MEAN over axes 1 and 2.

    The division by H*W is folded into the multiplier as the reference kernels do it:
    `QuantizedMeanOrSum`, multiplier * 2**k / count with k = min(63 - clz(count), 32, 31 + shift).
    """

    kind = "mean"
    accumulates = True

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        return (1, image_shape(inputs[0], self.name)[2])

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        return [RowWindow()]

    def reference_float(self, *arrays: Array) -> Array:
        return np.asarray(arrays[0].mean((1, 2)))

    def _multiplier(self, graph: Graph) -> tuple[int, int]:
        x, out = graph.tensors[self.inputs[0]], graph.tensors[self.outputs[0]]
        ratio = float(np.float32(x.quant.scale)) / float(np.float32(out.quant.scale))
        multiplier, shift = quantize_multiplier(ratio)
        count = x.shape[1] * x.shape[2]
        extra = min(count.bit_length() - 1, 32, 31 + shift)
        return (multiplier << extra) // count, shift - extra

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x, out = graph.tensors[self.inputs[0]], graph.tensors[self.outputs[0]]
        total = (to_int(arrays[0]) - x.quant.zero_point).sum((1, 2))
        scaled = multiply_by_quantized_multiplier(total, *self._multiplier(graph)) + out.quant.zero_point
        return np.clip(scaled, *limits(out.dtype)).astype(out.dtype)

    def kernel(self, graph: Graph) -> KernelCall:
        x, out = graph.tensors[self.inputs[0]], graph.tensors[self.outputs[0]]
        multiplier, shift = self._multiplier(graph)
        params: dict[str, int | Array] = {
            "in_w": x.shape[2],
            "channels": x.shape[3],
            "rows": x.shape[1],
            "in_zero": x.quant.zero_point,
            "out_zero": out.quant.zero_point,
            "multiplier": multiplier,
            "shift": shift,
        }
        state = 4 * x.shape[3]
        return KernelCall(f"nn_mean_{kernel_suffix(out)}", "nn_mean", params, ("row",), 0, state, passes_step=True)
