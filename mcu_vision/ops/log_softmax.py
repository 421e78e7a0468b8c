"""Logarithm of the softmax over the last axis; output scale 1/16, zero point 127.

TensorFlow Lite LOG_SOFTMAX (`reference_integer_ops::LogSoftmax`) with tables over d = 0..255, how far a value lies
under the largest: its distance in Q5.26 and its exponential in Q12.19, which is 0 where the distance leaves that range.
"""

import math
from dataclasses import dataclass

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.int8 import IntArray, multiply_by_quantized_multiplier, quantize_multiplier
from mcu_vision.ir import Array, Graph, KernelCall, Op, Shape, Tensor, to_int
from mcu_vision.ops.fixed_log import LOG_BITS, SUM_BITS, divide_by_pot, exp_of_negative, log_of_sum

MAX_CHANNELS = 1 << (SUM_BITS - 1)
"""So that a sum of exponentials fits."""
OUT_ZERO = 127


@dataclass
class LogSoftmax(Op):
    """inputs: x (..., C), C up to 2048."""

    kind = "log_softmax"

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        if inputs[0].shape[-1] > MAX_CHANNELS:
            raise UserError(f"{self.name}: {inputs[0].shape[-1]} channels; at most {MAX_CHANNELS} are possible")
        return inputs[0].shape

    def in_place_inputs(self, graph: Graph) -> tuple[str, ...]:
        return self.inputs

    def reference_float(self, *arrays: Array) -> Array:
        x = arrays[0] - arrays[0].max(-1, keepdims=True)
        return np.asarray(x - np.log(np.exp(x).sum(-1, keepdims=True)))

    def _scaling(self, graph: Graph) -> tuple[tuple[int, int], tuple[int, int], int]:
        """(multiplier, shift) of distances and of the way back, and the largest distance within the range."""
        scale = float(np.float32(graph.tensors[self.inputs[0]].quant.scale))
        forth = quantize_multiplier(min(scale * (1 << (31 - LOG_BITS)), 2.0**31 - 1))
        if forth[1] < 0:
            raise UserError(f"{self.name}: the input's scale {scale} is too small")
        back = quantize_multiplier(2.0 ** (31 - forth[1]) / forth[0])
        radius = math.floor(((1 << LOG_BITS) - 1) * 2.0 ** (31 - LOG_BITS - forth[1]))
        return forth, back, radius

    def tables(self, graph: Graph) -> tuple[IntArray, IntArray]:
        """Distances from the largest value (256, all <= 0) and their exponentials."""
        forth, _, radius = self._scaling(graph)
        steps = np.arange(256)
        distances = multiply_by_quantized_multiplier(-np.minimum(steps, radius), *forth)
        exponentials = divide_by_pot(exp_of_negative(distances), SUM_BITS)
        return distances, np.asarray(np.where(steps <= radius, exponentials, 0), np.int64)

    def _limit(self, graph: Graph, log: IntArray) -> IntArray:
        """The distance from which on a value gives the smallest output, where the logarithm of the sum is `log`."""
        _, back, radius = self._scaling(graph)
        return np.minimum(radius + 1, -multiply_by_quantized_multiplier(log - (1 << 31), *back))

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x = to_int(arrays[0])
        below = x.max(-1, keepdims=True) - x
        distances, exponentials = self.tables(graph)
        log = log_of_sum(exponentials[below].sum(-1, keepdims=True))
        scaled = divide_by_pot(distances[below] - log, 31 - LOG_BITS - 4) + OUT_ZERO
        inside = below < self._limit(graph, log)
        return np.asarray(np.where(inside, np.clip(scaled, -128, 127), -128), np.int8)

    def kernel(self, graph: Graph) -> KernelCall:
        x = graph.tensors[self.inputs[0]]
        distances, exponentials = self.tables(graph)
        _, back, radius = self._scaling(graph)
        params: dict[str, int | Array] = {
            "width": x.row_elements // x.shape[-1],
            "channels": x.shape[-1],
            "radius": radius,
            "multiplier": back[0],
            "shift": back[1],
            "distances": distances.astype(np.int32),
            "exponentials": exponentials.astype(np.int32),
        }
        return KernelCall("nn_log_softmax_s8", "nn_log_softmax", params, ("row",))
