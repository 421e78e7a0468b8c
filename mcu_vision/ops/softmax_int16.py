"""Softmax of int16 values over the last axis; output scale 2**-15, zero point 0.

TensorFlow Lite SOFTMAX (`reference_ops::SoftmaxInt16`): exponentials and the inverse of their sum from two tables.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_vision.int8 import multiply_by_quantized_multiplier, quantize_multiplier, saturate
from mcu_vision.ir import Array, Graph, KernelCall, to_int
from mcu_vision.ops.int16 import interpolate_table, lookup_table
from mcu_vision.ops.softmax import Softmax

OUT_LOW, OUT_HIGH = -32768 * 2 / 65535, 32767 * 2 / 65535


def exponentials() -> npt.NDArray[np.int16]:
    """exp of -10..0 in Q0.15."""
    scale = 10 / 65535
    return lookup_table(math.exp, scale * (-32768 - 32767), 0.0, OUT_LOW, OUT_HIGH)


def inverses() -> npt.NDArray[np.int16]:
    """1 / (1 + x) of 0..1 in Q0.15."""
    return lookup_table(lambda x: 1 / (1 + x), 0.0, 1.0, OUT_LOW, OUT_HIGH)


@dataclass
class SoftmaxInt16(Softmax):
    """inputs: x (..., C) int16. beta: factor of the inputs."""

    kind = "softmax_int16"

    def _multiplier(self, graph: Graph) -> tuple[int, int]:
        scale = float(np.float32(graph.tensors[self.inputs[0]].quant.scale))
        return quantize_multiplier(scale * float(np.float32(self.beta)) / (10 / 65535))

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x = to_int(arrays[0])
        scaled = multiply_by_quantized_multiplier(x - x.max(-1, keepdims=True), *self._multiplier(graph))
        e = interpolate_table(exponentials(), saturate(scaled + 32767, 16))
        total = e.sum(-1, keepdims=True)
        zeros = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)
        shifted = ((total << (zeros - 1)) + (1 << 13)) >> 14
        inverse = interpolate_table(inverses(), saturate(shifted - (1 << 15) - (1 << 16), 16))
        right = 31 - zeros
        result = (e * inverse + (np.int64(1) << (right - 1))) >> right
        return np.asarray(np.clip(result, 0, 32767), np.int16)

    def kernel(self, graph: Graph) -> KernelCall:
        x = graph.tensors[self.inputs[0]]
        multiplier, shift = self._multiplier(graph)
        params: dict[str, int | Array] = {
            "width": x.row_elements // x.shape[-1],
            "channels": x.shape[-1],
            "multiplier": multiplier,
            "shift": shift,
            "exponentials": exponentials(),
            "inverses": inverses(),
        }
        return KernelCall("nn_softmax_s16", "nn_softmax_wide", params, ("row",))
