"""Rectifier whose slope below zero is a tensor."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.int8 import multiply_by_quantized_multiplier, quantize_multiplier
from mcu_vision.ir import Array, Graph, KernelCall, to_int
from mcu_vision.ops.pairwise import Pairwise


@dataclass
class Prelu(Pairwise):
    """inputs: x, slope of equal shape. TensorFlow Lite PRELU."""

    kind = "prelu"

    def reference_float(self, *arrays: Array) -> Array:
        return np.asarray(np.where(arrays[0] >= 0, arrays[0], arrays[0] * arrays[1]))

    def _multipliers(self, graph: Graph) -> tuple[tuple[int, int], tuple[int, int]]:
        """Of values from zero up, and of products; TensorFlow Lite computes the ratios in float32."""
        x, slope, out = (np.float32(graph.tensors[n].quant.scale) for n in (*self.inputs, self.outputs[0]))
        return quantize_multiplier(float(x / out)), quantize_multiplier(float(x * slope / out))

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x, slope = (to_int(a) - graph.tensors[n].quant.zero_point for n, a in zip(self.inputs, arrays, strict=True))
        above, below = self._multipliers(graph)
        scaled = np.where(
            x >= 0, multiply_by_quantized_multiplier(x, *above), multiply_by_quantized_multiplier(x * slope, *below)
        )
        return np.asarray(np.clip(scaled + graph.tensors[self.outputs[0]].quant.zero_point, -128, 127), np.int8)

    def kernel(self, graph: Graph) -> KernelCall:
        x, slope, out = (graph.tensors[n] for n in (*self.inputs, self.outputs[0]))
        above, below = self._multipliers(graph)
        params: dict[str, int | Array] = {
            "count": out.row_elements,
            "in_zero": x.quant.zero_point,
            "slope_zero": slope.quant.zero_point,
            "out_zero": out.quant.zero_point,
            "multiplier": above[0],
            "shift": above[1],
            "slope_multiplier": below[0],
            "slope_shift": below[1],
        }
        return KernelCall("nn_prelu_s8", "nn_prelu", params, ("row", "row"))
