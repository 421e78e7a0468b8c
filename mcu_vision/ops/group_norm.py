"""Group normalisation: groups of channels brought to mean 0 and variance 1 over the whole map, then scaled."""

from dataclasses import dataclass
from math import isqrt

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.int8 import doubling_high_mul, multiply_by_quantized_multiplier, quantize_multiplier
from mcu_vision.ir import Array, Graph, KernelCall, Op, RowWindow, Shape, Tensor, to_int
from mcu_vision.ops.common import activation_range, apply_activation, check_shape, image_shape

MOST_VALUES = 1 << 20
"""Of a group, that n * x fits 32 bits."""
SHIFTS = (-31, 30)


@dataclass
class GroupNorm(Op):
    """inputs: x (1, H, W, C), scale (C), offset (C). Wu and He, Group Normalization, 2018, section 3.

    Integers: with x less its zero point, n values of a group, their sum S and sum of squares Q,
        V = n Q - S^2 + E, where E is epsilon * n^2 in steps of x, at least 1;
        1 / sqrt(V) = m * 2^(j - 61), m = (2^61 - 1) / r, r = isqrt(V * 4^j), where V * 4^j is in [2^60, 2^62);
        the result is (n x - S) times m times the channel's multiplier in one requantisation, plus its offset.
    The quantised scale is (C, 2) int32, multiplier and shift of scale / output scale; the offset int32.
    """

    kind = "group_norm"
    groups: int = 1
    epsilon: float = 1e-5
    activation: str = "none"

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        height, width, channels = image_shape(inputs[0], self.name)
        if self.groups < 1 or channels % self.groups:
            raise UserError(f"{self.name}: {channels} channels cannot be {self.groups} groups")
        if height * width * (channels // self.groups) > MOST_VALUES:
            raise UserError(f"{self.name}: groups of more than {MOST_VALUES:,} values are not supported")
        check_shape(inputs[2], (channels,), self.name)
        return inputs[0].shape

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        return [None]

    def reference_float(self, *arrays: Array) -> Array:
        x, scale, offset = arrays
        grouped = x.reshape(*x.shape[:3], self.groups, -1).astype(np.float64)
        axes = (1, 2, 4)
        mean, variance = grouped.mean(axes, keepdims=True), grouped.var(axes, keepdims=True)
        normal = ((grouped - mean) / np.sqrt(variance + self.epsilon)).reshape(x.shape)
        return apply_activation((normal * scale + offset).astype(np.float32), self.activation)

    def convert(self, graph: Graph) -> None:
        """Replace the float scale and offset by integers; x and the output are quantised."""
        scale, offset = (self.constant(graph, i).astype(np.float64) for i in (1, 2))
        step = graph.tensors[self.outputs[0]].quant.scale
        pairs = [(int(np.sign(s)) * m, shift) for s in scale for m, shift in [quantize_multiplier(abs(s) / step)]]
        integers = np.array(pairs, np.int32), np.round(offset / step).astype(np.int32)
        for name, data in zip(self.inputs[1:], integers, strict=True):
            graph.tensors[name] = Tensor(name, data.shape, "int32", None, data)

    def _epsilon(self, graph: Graph) -> int:
        """E of the class."""
        _, height, width, channels = graph.tensors[self.inputs[0]].shape
        count = height * width * (channels // self.groups)
        step = graph.tensors[self.inputs[0]].quant.scale
        return max(1, min(round(self.epsilon * (count / step) ** 2), 1 << 60))

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x, scale, offset = arrays
        source, out = graph.tensors[self.inputs[0]].quant, graph.tensors[self.outputs[0]].quant
        values = to_int(x) - source.zero_point
        size = values.shape[3] // self.groups
        sums = values.sum((1, 2)).reshape(-1, self.groups, size).sum(2)
        squares = (values * values).sum((1, 2)).reshape(-1, self.groups, size).sum(2)
        count = values.shape[1] * values.shape[2] * size
        variances = count * squares - sums * sums + self._epsilon(graph)
        result = np.empty_like(x)
        for i in range(len(x)):
            inverse = [_inverse_sqrt(int(v)) for v in variances[i]]
            m, s = (np.repeat(np.array(part, np.int64), size) for part in zip(*inverse, strict=True))
            multiplier, shift = doubling_high_mul(to_int(scale[:, 0]), m), to_int(scale[:, 1]) + s
            multiplier = np.where(shift < SHIFTS[0], 0, multiplier)
            centred = count * values[i] - np.repeat(sums[i], size)
            scaled = multiply_by_quantized_multiplier(centred, multiplier, np.clip(shift, *SHIFTS))
            shifted = scaled + to_int(offset) + out.zero_point
            result[i] = np.clip(shifted, *activation_range(self.activation, out)).astype(np.int8)
        return result

    def kernel(self, graph: Graph) -> KernelCall:
        x, out = graph.tensors[self.inputs[0]], graph.tensors[self.outputs[0]]
        scale, offset = self.constant(graph, 1), self.constant(graph, 2)
        _, height, width, channels = x.shape
        low, high = activation_range(self.activation, out.quant)
        epsilon = self._epsilon(graph)
        params: dict[str, int | Array] = {
            "height": height,
            "width": width,
            "channels": channels,
            "groups": self.groups,
            "in_zero": x.quant.zero_point,
            "out_min": low,
            "out_max": high,
            "epsilon_high": epsilon >> 31,
            "epsilon_low": epsilon & 0x7FFFFFFF,
            "multiplier": np.ascontiguousarray(scale[:, 0]),
            "shift": np.ascontiguousarray(scale[:, 1]),
            "offset": offset + np.int32(out.quant.zero_point),
        }
        state = 12 * channels
        return KernelCall("nn_group_norm_s8", "nn_group_norm", params, ("whole",), 0, state, passes_step=True)


def _inverse_sqrt(value: int) -> tuple[int, int]:
    """1 / sqrt(value) as a Q31 multiplier and a shift."""
    doublings = (62 - value.bit_length()) // 2
    return (2**61 - 1) // isqrt(value << 2 * doublings), doublings - 30
