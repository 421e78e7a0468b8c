"""What operators of int16 activations share (TensorFlow Lite's 16x8): zero points are 0, sums have 64 bits."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mcu_vision.errors import UserError
from mcu_vision.int8 import IntArray, wrap_int32
from mcu_vision.ir import Array, Graph, Op, to_int
from mcu_vision.ops.common import activation_range, conv_multipliers

LUT_STEPS = 512


def requantize_wide(acc: IntArray, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> IntArray:
    """Scale 48-bit accumulators by multiplier (15 bits) * 2**(shift - 15), ties up; twin of nn_requantize_wide."""
    right = 15 - np.asarray(shift, np.int64)
    return wrap_int32((acc * np.asarray(multiplier, np.int64) + (np.int64(1) << (right - 1))) >> right)


def wide_multipliers(graph: Graph, op: Op, channels: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]]:
    """Multipliers of 15 bits and shifts for each output channel. Raises UserError if a shift is above 14."""
    source, weights, out = (graph.tensors[n].quant for n in (*op.inputs[:2], op.outputs[0]))
    multiplier, shift = conv_multipliers(source, weights, out, channels)
    if shift.max(initial=0) > 14:
        raise UserError(f"{op.name}: the output's scale is too small for its weights; quantise the model again")
    wide = to_int(multiplier)
    return np.where(wide < 0x7FFF0000, (wide + (1 << 15)) >> 16, 0x7FFF).astype(np.int32), shift


def requantize_sums_wide(graph: Graph, op: Op, activation: str, acc: IntArray) -> Array:
    """Accumulators (..., channels) of a layer as its int16 output."""
    scaled = requantize_wide(acc, *wide_multipliers(graph, op, acc.shape[-1]))
    out = graph.tensors[op.outputs[0]].quant
    return np.asarray(np.clip(scaled, *activation_range(activation, out, "int16")), np.int16)


def layer_params(graph: Graph, op: Op, activation: str) -> dict[str, int | Array]:
    """Fields of `nn_conv` that all layers of int16 activations share."""
    multiplier, shift = wide_multipliers(graph, op, op.constant(graph, 2).size)
    low, high = activation_range(activation, graph.tensors[op.outputs[0]].quant, "int16")
    return {
        "out_min": low,
        "out_max": high,
        "weights": op.constant(graph, 1),
        "bias": op.constant(graph, 2),
        "multiplier": multiplier,
        "shift": shift,
    }


def lookup_table(
    function: Callable[[float], float], low: float, high: float, out_low: float, out_high: float
) -> npt.NDArray[np.int16]:
    """513 entries of a function of low..high in 512 steps, scaled so that out_low..out_high is the int16 range.

    Each entry leans so that half the error midway to the next is taken away (TensorFlow Lite `LUTPopulateInt16`).
    """
    step, scale = (high - low) / LUT_STEPS, 65536 / (out_high - out_low)
    entries = []
    for i in range(LUT_STEPS):
        value = function(low + i * step) * scale
        following = function(low + (i + 1) * step) * scale
        midway = _round(function(low + i * step + step / 2) * scale)
        error = _round((following + _round(value)) / 2) - midway
        entries.append(_round(value) - _round(error / 2))
    entries.append(_round(function(high) * scale))
    return np.clip(entries, -32768, 32767).astype(np.int16)


def _round(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value)


def interpolate_table(table: npt.NDArray[np.int16], value: IntArray) -> IntArray:
    """The table's function of int16 values; twin of nn_interpolate."""
    entries = to_int(table)
    index = 256 + (value >> 7)
    slope = entries[index + 1] - entries[index]
    return np.asarray(entries[index] + ((slope * (value & 127) + 64) >> 7), np.int64)
