"""Element-wise square of the difference of two tensors of one shape."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.int8 import multiply_by_quantized_multiplier, quantize_multiplier
from mcu_vision.ir import Array, Graph, KernelCall, to_int
from mcu_vision.ops.pairwise import Pairwise

LEFT_SHIFT = 7


@dataclass
class SquaredDifference(Pairwise):
    """inputs: a, b of equal shape, both, shifted left by 7 bits, scaled to one scale.

    TensorFlow Lite SQUARED_DIFFERENCE.
    """

    kind = "squared_difference"

    def reference_float(self, *arrays: Array) -> Array:
        return np.asarray((arrays[0] - arrays[1]) ** 2)

    def _multipliers(self, graph: Graph) -> tuple[tuple[int, int], ...]:
        a, b, out = (float(np.float32(graph.tensors[n].quant.scale)) for n in (*self.inputs, self.outputs[0]))
        twice = 2 * max(a, b)
        result = twice * twice / ((1 << LEFT_SHIFT * 2) * out)
        return quantize_multiplier(a / twice), quantize_multiplier(b / twice), quantize_multiplier(result)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        out = graph.tensors[self.outputs[0]].quant
        *scales, result = self._multipliers(graph)
        a, b = (
            multiply_by_quantized_multiplier(
                (to_int(array) - graph.tensors[name].quant.zero_point) << LEFT_SHIFT, *scale
            )
            for name, array, scale in zip(self.inputs, arrays, scales, strict=True)
        )
        scaled = multiply_by_quantized_multiplier((a - b) ** 2, *result) + out.zero_point
        return np.clip(scaled, -128, 127).astype(np.int8)

    def kernel(self, graph: Graph) -> KernelCall:
        a, b, out = (graph.tensors[n] for n in (*self.inputs, self.outputs[0]))
        params: dict[str, int | Array] = {
            "count": out.row_elements,
            "a_zero": a.quant.zero_point,
            "b_zero": b.quant.zero_point,
            "out_zero": out.quant.zero_point,
            "out_min": -128,
            "out_max": 127,
            "left_shift": LEFT_SHIFT,
        }
        for name, (multiplier, shift) in zip(("a", "b", "out"), self._multipliers(graph), strict=True):
            params |= {f"{name}_multiplier": multiplier, f"{name}_shift": shift}
        return KernelCall("nn_squared_difference_s8", "nn_add", params, ("row", "row"))
