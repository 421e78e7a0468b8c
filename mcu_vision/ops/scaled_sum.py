"""What addition and subtraction of two tensors of one shape share."""

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.int8 import multiply_by_quantized_multiplier, quantize_multiplier
from mcu_vision.ir import Array, Graph, KernelCall, to_int
from mcu_vision.ops.common import Pair, activation_range, apply_activation, kernel_suffix
from mcu_vision.ops.pairwise import Pairwise
from mcu_vision.ops.short_sum import ShortSum, find_short_sum

LEFT_SHIFT, LEFT_SHIFT_INT16 = 20, 15
"""Bits that inputs are shifted left, so that little is lost."""


@dataclass
class ScaledSum(Pairwise):
    """inputs: a, b of equal shape. Both, shifted left by 20 bits (15 of int16), are scaled to one scale and summed."""

    sign: ClassVar[int]
    """Of b."""
    activation: str = "none"

    def reference_float(self, *arrays: Array) -> Array:
        return apply_activation(arrays[0] + self.sign * arrays[1], self.activation)

    def _multipliers(self, graph: Graph) -> tuple[Pair, Pair, Pair]:
        a, b, out = (float(np.float32(graph.tensors[n].quant.scale)) for n in (*self.inputs, self.outputs[0]))
        twice = 2 * max(a, b)
        result = quantize_multiplier(twice / ((1 << self._left_shift(graph)) * out))
        if result[1] > 0:
            raise UserError(f"{self.name}: the output's scale is too small for that of the inputs; quantise again")
        return quantize_multiplier(a / twice), quantize_multiplier(b / twice), result

    def _left_shift(self, graph: Graph) -> int:
        return LEFT_SHIFT if graph.tensors[self.outputs[0]].dtype == "int8" else LEFT_SHIFT_INT16

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        out, dtype = graph.tensors[self.outputs[0]].quant, graph.tensors[self.outputs[0]].dtype
        multipliers = self._multipliers(graph)
        a, b = (
            multiply_by_quantized_multiplier(
                (to_int(array) - graph.tensors[name].quant.zero_point) << self._left_shift(graph), *scale
            )
            for name, array, scale in zip(self.inputs, arrays, multipliers, strict=False)
        )
        scaled = multiply_by_quantized_multiplier(a + self.sign * b, *multipliers[2]) + out.zero_point
        return np.clip(scaled, *activation_range(self.activation, out, dtype)).astype(dtype)

    def _short_sum(self, graph: Graph, clamp: Pair) -> ShortSum:
        a, b, out = (graph.tensors[n].quant for n in (*self.inputs, self.outputs[0]))
        scales = self._multipliers(graph)
        factor_a, factor_b = (_real(scale) * _real(scales[2]) * 2.0**LEFT_SHIFT for scale in scales[:2])
        zeros = (a.zero_point, b.zero_point, out.zero_point)
        return find_short_sum((factor_a, self.sign * factor_b), zeros, scales, clamp, self.sign)

    def kernel(self, graph: Graph) -> KernelCall:
        a, b, out = (graph.tensors[n] for n in (*self.inputs, self.outputs[0]))
        scale_a, scale_b, scale_out = self._multipliers(graph)
        low, high = activation_range(self.activation, out.quant, out.dtype)
        params: dict[str, int | Array] = {
            "count": prod(out.shape) // out.rows,
            "a_zero": a.quant.zero_point,
            "b_zero": b.quant.zero_point,
            "out_zero": out.quant.zero_point,
            "out_min": low,
            "out_max": high,
            "left_shift": self._left_shift(graph),
            "a_multiplier": scale_a[0],
            "a_shift": scale_a[1],
            "b_multiplier": scale_b[0],
            "b_shift": scale_b[1],
            "out_multiplier": scale_out[0],
            "out_shift": scale_out[1],
        }
        if out.dtype == "int8":
            params |= self._short_sum(graph, (low, high)).params()
        return KernelCall(f"nn_{self.kind}_{kernel_suffix(out)}", "nn_add", params, ("row", "row"))


def _real(scale: Pair) -> float:
    multiplier, shift = scale
    return multiplier * 2.0 ** (shift - 31)
