"""The weights of a convolution in the order in which nn_conv_s8 reads them."""

import numpy as np
import numpy.typing as npt

from mcu_vision.int8 import IntArray, output_constants
from mcu_vision.ir import Array, to_int
from mcu_vision.ops.common import even, quad

INPUT_BITS = 8
"""Inputs are kept times 2**INPUT_BITS where that makes more channels fast, else as they are; weights likewise."""

FAST_BITS = 17
"""A channel is fast if accumulators times 2**(FAST_BITS + shift) fit 31 bits: the output then is a high half."""

LONG_WORDS = (14, 15)
"""Words of the windows of which nn_conv_rows_s8 takes four channels at a time, with weights in RAM."""
FOUR_WORDS = (5, *LONG_WORDS)
"""The same, with weights anywhere."""

LEAST_BITS = 2
"""Of nn_output (firmware/nn/nn_math.h)."""


def column_values(kernel_h: int, in_c: int, step: int) -> int:
    """16-bit values of a widened input column; windows that begin `step` columns apart begin on words."""
    taps = kernel_h * in_c
    return taps + step * taps % 2


def pack_conv(weights: Array, column: int, constants: dict[str, int | Array]) -> dict[str, int | Array]:
    """Fields `weights` and `input_bits` of nn_conv2d; weights: (O, kh, kw, I).

    For each pair of channels: biases twice, weights, multipliers, offsets, ties and right shifts, one of each channel
    in turn. Weights go by kernel column, row and channel, two to a word. The last pair of an odd number of channels
    overlaps the one before.
    """
    count = len(weights)
    firsts = [min(o, max(0, count - 2)) for o in range(0, count, 2)]
    pairs = np.array([(o, min(o + 1, count - 1)) for o in firsts])
    bias, shift = (to_int(np.asarray(constants[key])) for key in ("bias", "shift"))
    largest = np.abs(bias) + 128 * np.abs(to_int(weights)).sum((1, 2, 3))
    input_bits = max((0, INPUT_BITS), key=lambda n: _count_fast(shift, largest, n))
    bits = _accumulator_bits(shift, largest, input_bits)
    fitting = np.where(bits < LEAST_BITS, input_bits, bits)
    multiplier = to_int(np.asarray(constants["multiplier"]))
    offset, right = np.zeros_like(bits), np.zeros_like(bits)
    for value in np.unique(bits[bits >= LEAST_BITS]):
        chosen = bits == value
        zero = int(constants["out_zero"])
        offset[chosen], right[chosen] = output_constants(multiplier[chosen], shift[chosen], zero, int(value))
    bits = np.where(right == 0, input_bits, fitting)
    ties = np.where(right == 0, 0, 1 << np.maximum(bits - 1, 0))
    words = _words(to_int(weights) << (bits - input_bits)[:, None, None, None], column)
    biases = (bias << bits)[pairs]
    parts = [biases, biases, words[pairs].transpose(0, 2, 1).reshape(len(pairs), -1)]
    parts += [multiplier[pairs], np.where(right == 0, shift, offset)[pairs], ties[pairs], right[pairs]]
    packed = np.concatenate(parts, 1).astype(np.uint32).view(np.int32)
    return {"weights": packed, "input_bits": input_bits}


def _accumulator_bits(shift: IntArray, largest: IntArray, input_bits: int) -> IntArray:
    """By how many bits accumulators are kept larger; under LEAST_BITS where nn_output does not serve."""
    most = np.floor(np.log2((2**31 - 1) / np.maximum(largest, 1))).astype(np.int64)
    return np.asarray(np.minimum(np.clip(FAST_BITS + shift, max(input_bits, LEAST_BITS), input_bits + 8), most))


def _count_fast(shift: IntArray, largest: IntArray, input_bits: int) -> int:
    """Channels of which the output is a high half; under zero if some accumulator does not fit."""
    bits = _accumulator_bits(shift, largest, input_bits)
    return -1 if np.any(bits < input_bits) else int(np.sum(bits == FAST_BITS + shift))


def order_channels(in_c: int) -> list[int]:
    """The order in which the kernels widen the channels of a pixel: within fours as SXTB16 leaves them."""
    if in_c % 4:
        return list(range(in_c))
    return [first + i for first in range(0, in_c, 4) for i in (0, 2, 1, 3)]


def join_halves(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Pairs of 16-bit values of the last axis as words."""
    return (values[..., 1::2] << 16) + (values[..., ::2] & 0xFFFF)


def _words(weights: npt.NDArray[np.int64], column: int) -> npt.NDArray[np.int64]:
    out, kh, kw, in_c = weights.shape
    columns = weights[..., order_channels(in_c)].transpose(0, 2, 1, 3).reshape(out, kw, kh * in_c)
    columns = np.pad(columns, ((0, 0), (0, 0), (0, column - kh * in_c))).reshape(out, -1)
    return join_halves(np.pad(columns, ((0, 0), (0, even(columns.shape[1]) - columns.shape[1]))))


def conv_scratch(kernel_w: int, column: int, columns: int, rows: int = 1, out_c: int = 0) -> int:
    """Bytes: weights of a pair of channels, then for each of `rows` the widened columns, and a word at their end.

    out_c: channels, where nn_conv_rows_s8 may take two pairs at a time.
    """
    words = (kernel_w * column + 1) // 2
    pairs = 2 if out_c >= 4 and words in LONG_WORDS else 1
    return 4 * pairs * (2 * words + 12) + rows * quad(2 * columns * column + 2)
