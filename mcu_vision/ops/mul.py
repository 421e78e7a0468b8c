"""Element-wise product of two tensors of one shape."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.int8 import multiply_by_quantized_multiplier, quantize_multiplier
from mcu_vision.ir import Array, Graph, KernelCall, to_int
from mcu_vision.ops.common import activation_range, apply_activation, kernel_suffix
from mcu_vision.ops.pairwise import Pairwise


@dataclass
class Mul(Pairwise):
    """inputs: a, b of equal shape. TensorFlow Lite MUL."""

    kind = "mul"
    activation: str = "none"

    def reference_float(self, *arrays: Array) -> Array:
        return apply_activation(arrays[0] * arrays[1], self.activation)

    def _multiplier(self, graph: Graph) -> tuple[int, int]:
        """TensorFlow Lite computes the ratio of the scales in float32."""
        a, b, out = (np.float32(graph.tensors[n].quant.scale) for n in (*self.inputs, self.outputs[0]))
        return quantize_multiplier(float(a * b / out))

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        a, b = (to_int(x) - graph.tensors[n].quant.zero_point for n, x in zip(self.inputs, arrays, strict=True))
        out = graph.tensors[self.outputs[0]].quant
        scaled = multiply_by_quantized_multiplier(a * b, *self._multiplier(graph)) + out.zero_point
        dtype = graph.tensors[self.outputs[0]].dtype
        return np.clip(scaled, *activation_range(self.activation, out, dtype)).astype(dtype)

    def kernel(self, graph: Graph) -> KernelCall:
        a, b, out = (graph.tensors[n] for n in (*self.inputs, self.outputs[0]))
        multiplier, shift = self._multiplier(graph)
        low, high = activation_range(self.activation, out.quant, out.dtype)
        params: dict[str, int | Array] = {
            "count": out.row_elements,
            "a_zero": a.quant.zero_point,
            "b_zero": b.quant.zero_point,
            "out_zero": out.quant.zero_point,
            "out_min": low,
            "out_max": high,
            "multiplier": multiplier,
            "shift": shift,
        }
        return KernelCall(f"nn_mul_{kernel_suffix(out)}", "nn_mul", params, ("row", "row"))
