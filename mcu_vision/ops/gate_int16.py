"""Logistic function and hyperbolic tangent of int16 values; output scale 2**-15.

TensorFlow Lite LOGISTIC and TANH: one table of the logistic function in Q0.16 at 0, 1/24, ..., linear between.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_vision.errors import UserError
from mcu_vision.int8 import IntArray
from mcu_vision.ir import Array, Graph, KernelCall, Op, Shape, Tensor, to_int


def sigmoid_table() -> npt.NDArray[np.int32]:
    """2**16 times the logistic function at i / 24 for i = 0..255.

    Each entry is raised by half of what straight lines between exact entries would miss midway to the next.
    """

    def logistic(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(65536 / (1 + np.exp(-x / 24)))

    at = np.arange(256, dtype=np.float64)
    missed = logistic(at + 0.5) - (logistic(at) + logistic(at + 1)) / 2
    return np.minimum(np.floor(logistic(at) + missed / 2 + 0.5), 65535).astype(np.int32)


@dataclass
class _Gate(Op):
    """inputs: x of any shape, int16."""

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        return inputs[0].shape

    def in_place_inputs(self, graph: Graph) -> tuple[str, ...]:
        return self.inputs

    def _scaling(self, graph: Graph) -> tuple[int, int]:
        """Factor and right shift that bring values to 3 / 2**12 a step, as the reference kernels choose them."""
        scale = float(np.float32(graph.tensors[self.inputs[0]].quant.scale))
        log = round(math.log2(scale))
        left = 12 + log
        powers = (0, 1) if self.kind == "tanh_int16" else (0,)
        if abs(math.log2(scale) - log) < 1e-3 and left in powers:
            return 3 << left, 0
        factor, shift = scale * 4096 * 3, 0
        if factor > 32767:
            raise UserError(f"{self.name}: the input's scale {scale} is too large")
        while factor <= 32767 / 2 and shift <= 30:
            factor, shift = factor * 2, shift + 1
        return int(factor), shift

    def _interpolate(self, value: IntArray, bits: int, largest: int) -> IntArray:
        """The logistic function of |value| with 16 + bits fractional bits."""
        magnitude = np.abs(value)
        index = np.minimum(magnitude >> bits, 255)
        entries = np.append(to_int(sigmoid_table()), 0)
        rest = magnitude - (index << bits)
        result = (entries[index] << bits) + rest * (entries[index + 1] - entries[index])
        return np.asarray(np.where(index >= 255, largest, result), np.int64)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        factor, shift = self._scaling(graph)
        return self._curve((to_int(arrays[0]) * factor + ((1 << shift) >> 1)) >> shift).astype(np.int16)

    def _curve(self, value: IntArray) -> IntArray:
        raise NotImplementedError

    def kernel(self, graph: Graph) -> KernelCall:
        factor, shift = self._scaling(graph)
        params: dict[str, int | Array] = {
            "count": graph.tensors[self.inputs[0]].row_elements,
            "multiplier": factor,
            "shift": shift,
            "hyperbolic": int(self.kind == "tanh_int16"),
            "table": sigmoid_table(),
        }
        return KernelCall("nn_gate_s16", "nn_gate", params, ("row",))


@dataclass
class LogisticInt16(_Gate):
    """TensorFlow Lite LOGISTIC."""

    kind = "logistic_int16"

    def reference_float(self, *arrays: Array) -> Array:
        return np.asarray(1 / (1 + np.exp(-arrays[0])))

    def _curve(self, value: IntArray) -> IntArray:
        result = self._interpolate(value, 9, 0x7FFF << 10)
        return np.asarray(np.where(value >= 0, result + 512, (1 << 25) - result + 511) >> 10, np.int64)


@dataclass
class TanhInt16(_Gate):
    """TensorFlow Lite TANH."""

    kind = "tanh_int16"

    def reference_float(self, *arrays: Array) -> Array:
        return np.asarray(np.tanh(arrays[0]))

    def _curve(self, value: IntArray) -> IntArray:
        result = self._interpolate(value, 8, 0xFFFF << 8) - (1 << 23)
        return np.asarray(np.where(value >= 0, result + 128, 127 - result) >> 8, np.int64)
