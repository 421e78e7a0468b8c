"""Sum over height and width, accumulated row by row."""

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.int8 import multiply_rounding_once, quantize_multiplier
from mcu_vision.ir import Array, Graph, KernelCall, to_int
from mcu_vision.ops.mean import Mean


@dataclass
class Sum(Mean):
    """inputs: x (1, H, W, C); output (1, C). TensorFlow Lite SUM over axes 1 and 2.

    Unlike a mean it is scaled with a single rounding, ties away from zero (TensorFlow 2.21).
    """

    kind = "sum"

    def reference_float(self, *arrays: Array) -> Array:
        return np.asarray(arrays[0].sum((1, 2)))

    def _multiplier(self, graph: Graph) -> tuple[int, int]:
        x, out = (graph.tensors[n] for n in (self.inputs[0], self.outputs[0]))
        ratio = float(np.float32(x.quant.scale)) / float(np.float32(out.quant.scale))
        if ratio * 256 * prod(x.shape[1:3]) >= 2**30:
            raise UserError(f"{self.name}: the output's scale is too small for the sum; quantise the model again")
        return quantize_multiplier(ratio)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x, out = graph.tensors[self.inputs[0]].quant, graph.tensors[self.outputs[0]].quant
        total = (to_int(arrays[0]) - x.zero_point).sum((1, 2))
        scaled = multiply_rounding_once(total, *self._multiplier(graph)) + out.zero_point
        return np.clip(scaled, -128, 127).astype(np.int8)

    def kernel(self, graph: Graph) -> KernelCall:
        return replace(super().kernel(graph), function="nn_sum_s8")
