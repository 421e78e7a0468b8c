"""Change of scale and zero point, with an optional fused activation (a standalone ReLU)."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.int8 import multiply_by_quantized_multiplier, quantize_multiplier
from mcu_vision.ir import Array, Graph, KernelCall, Op, Shape, Tensor, to_int
from mcu_vision.ops.common import activation_range, apply_activation, kernel_suffix
from mcu_vision.ops.short_sum import find_short_scale


@dataclass
class Requantize(Op):
    """inputs: x of any shape. TensorFlow Lite QUANTIZE from int8 to int8 or int16 to int16, or RELU, RELU6.

    float_ratio: the ratio of the scales is rounded to float32, as RELU has it.
    """

    kind = "requantize"
    activation: str = "none"
    float_ratio: bool = False

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        return inputs[0].shape

    def in_place_inputs(self, graph: Graph) -> tuple[str, ...]:
        return self.inputs

    def reference_float(self, *arrays: Array) -> Array:
        return apply_activation(arrays[0], self.activation)

    def _multiplier(self, graph: Graph) -> tuple[int, int]:
        x, out = (graph.tensors[n].quant.scale for n in (self.inputs[0], self.outputs[0]))
        if self.float_ratio:
            return quantize_multiplier(float(np.float32(x) / np.float32(out)))
        return quantize_multiplier(float(np.float32(x)) / float(np.float32(out)))

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x, out = graph.tensors[self.inputs[0]], graph.tensors[self.outputs[0]]
        scaled = multiply_by_quantized_multiplier(to_int(arrays[0]) - x.quant.zero_point, *self._multiplier(graph))
        clamp = activation_range(self.activation, out.quant, out.dtype)
        return np.clip(scaled + out.quant.zero_point, *clamp).astype(out.dtype)

    def kernel(self, graph: Graph) -> KernelCall:
        x, out = graph.tensors[self.inputs[0]], graph.tensors[self.outputs[0]]
        multiplier, shift = self._multiplier(graph)
        low, high = activation_range(self.activation, out.quant, out.dtype)
        params: dict[str, int | Array] = {
            "count": x.row_elements,
            "in_zero": x.quant.zero_point,
            "out_zero": out.quant.zero_point,
            "multiplier": multiplier,
            "shift": shift,
            "out_min": low,
            "out_max": high,
        }
        if out.dtype == "int8":
            factor = multiplier * 2.0 ** (shift - 31)
            zeros = (x.quant.zero_point, out.quant.zero_point)
            params |= find_short_scale(factor, zeros, (multiplier, shift), (low, high)).params()
        return KernelCall(f"nn_requantize_{kernel_suffix(out)}", "nn_requant", params, ("row",))
