"""Fixed-point arithmetic of the TensorFlow Lite int8 specification, in numpy.

The only Python copy of the rounding rules; `firmware/nn/nn_math.h` is its twin in C.
Sources: gemmlowp `fixedpoint.h` (SaturatingRoundingDoublingHighMul, RoundingDivideByPOT),
TensorFlow Lite "8-bit quantization specification" and `kernels/internal/quantization_util`.
"""

import math

import numpy as np
import numpy.typing as npt

from mcu_vision.errors import UserError

IntArray = npt.NDArray[np.int64]
INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Split a positive real multiplier into (Q31 multiplier, shift), real = multiplier * 2**(shift - 31).

    Shift is positive to the left. A multiplier under 2**-32 becomes (0, 0), as in TensorFlow Lite.
    Raises UserError for infinity, which is what a model's scales give where they are too far apart.
    """
    if real == 0.0:
        return 0, 0
    if real == math.inf:
        raise UserError("scales are too far apart: their ratio is infinite")
    if not math.isfinite(real) or real < 0:
        raise ValueError(f"multiplier must be finite and not negative: {real}")
    fraction, shift = math.frexp(real)
    multiplier = _round_half_away(fraction * 2**31)
    if multiplier == 2**31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    if shift > 30:
        return INT32_MAX, 30
    return multiplier, shift


def _round_half_away(value: float) -> int:
    return math.floor(value + 0.5) if value >= 0 else math.ceil(value - 0.5)


def doubling_high_mul(a: IntArray, b: IntArray) -> IntArray:
    """Rounded high word of 2*a*b of int32 values, saturating at the one overflow (both INT32_MIN)."""
    product = a * b
    nudge = np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    total = product + nudge
    # C's division by 2**31 truncates towards zero.
    high = np.where(total >= 0, total >> 31, -((-total) >> 31))
    return np.asarray(np.where((a == INT32_MIN) & (b == INT32_MIN), INT32_MAX, high), np.int64)


def doubling_high_mul_int16(a: IntArray, b: npt.ArrayLike) -> IntArray:
    """Rounded high half of 2*a*b of int16 values, of which not both may be -32768."""
    product = a * np.asarray(b, np.int64)
    total = product + np.where(product >= 0, 1 << 14, 1 - (1 << 14))
    return np.asarray(np.sign(total) * (np.abs(total) >> 15), np.int64)


def rounding_divide_by_pot(value: IntArray, exponent: IntArray) -> IntArray:
    """Divide int32 values by 2**exponent (0..31), rounding to nearest, ties away from zero."""
    mask = (np.int64(1) << exponent) - 1
    remainder = value & mask
    threshold = (mask >> 1) + (value < 0)
    return np.asarray((value >> exponent) + (remainder > threshold), np.int64)


def wrap_int32(value: IntArray) -> IntArray:
    """The low 32 bits, with their sign."""
    return ((value + 2**31) & 0xFFFFFFFF) - 2**31


def multiply_by_quantized_multiplier(value: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> IntArray:
    """Scale int32 values by multiplier * 2**(shift - 31) with the two roundings of gemmlowp.

    `multiplier` and `shift` broadcast against `value` (per channel: last axis). Returns int64 holding int32.
    """
    x = np.asarray(value, np.int64)
    s = np.asarray(shift, np.int64)
    left, right = np.maximum(s, 0), np.maximum(-s, 0)
    shifted = wrap_int32(x << left)
    return rounding_divide_by_pot(doubling_high_mul(shifted, np.asarray(multiplier, np.int64)), right)


def output_constants(
    multiplier: npt.ArrayLike, shift: npt.ArrayLike, zero_point: int, bits: int
) -> tuple[IntArray, IntArray]:
    """(offset, right) of `nn_output` in firmware/nn/nn_math.h, for accumulators kept times 2**bits.

    Both are 0 for channels that it cannot scale, whose shift is not within bits - 23 .. -1.
    """
    s = np.broadcast_to(np.asarray(shift, np.int64), np.shape(multiplier))
    fits = (s <= -1) & (s >= bits - 23)
    right = np.where(fits, bits - 1 - s, 0)
    offset = (np.int64(1) << (bits - 2)) + (np.int64(1) << np.maximum(right - 1, 0)) + zero_point * (1 << right)
    return np.where(fits, offset, 0), right


def multiply_rounding_once(value: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> IntArray:
    """Scale int32 values by multiplier * 2**(shift - 31) with one rounding, ties away from zero.

    The same arguments as of `multiply_by_quantized_multiplier`; the result must fit 32 bits.
    """
    product = np.asarray(value, np.int64) * np.asarray(multiplier, np.int64)
    bits = 31 - np.asarray(shift, np.int64)
    return np.asarray(np.sign(product) * ((np.abs(product) + (np.int64(1) << (bits - 1))) >> bits), np.int64)


def rounding_shift(value: IntArray, bits: int) -> IntArray:
    """Arithmetic shift right by `bits` (left if negative), rounding half up."""
    if bits <= 0:
        return np.asarray(value << -bits, np.int64)
    return np.asarray((value + (np.int64(1) << (bits - 1))) >> bits, np.int64)


def saturate(value: IntArray, bits: int) -> IntArray:
    """Clamp to the range of a signed integer of `bits` bits."""
    return np.asarray(np.clip(value, -(1 << (bits - 1)), (1 << (bits - 1)) - 1), np.int64)


def inverse_sqrt_multiplier(value: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    """Return (Q31 multiplier, shift) of 1/sqrt(value) for int32 values, bit for bit as TensorFlow Lite.

    Five Newton-Raphson steps in Q3.28 (`GetInvSqrtQuantizedMultiplierExp` of its reference kernels).
    To be used as value * multiplier * 2**(shift - 31); values of 0 and 1 give (INT32_MAX, 0).
    """
    original = np.asarray(value, np.int64)
    v = np.maximum(original, 2)
    reverse_shift = np.full(v.shape, 11, np.int64)
    while np.any(v >= 1 << 29):
        large = v >= 1 << 29
        v = np.where(large, v // 4, v)
        reverse_shift += large
    pairs = (31 - _bit_length(v)) // 2 - 1
    reverse_shift -= pairs
    v = v << (2 * pairs)
    one_bit = np.int64(1)
    half_input = rounding_divide_by_pot(v >> 1, one_bit)
    three_halves = np.int64((1 << 28) + (1 << 27))
    x = np.full(v.shape, 1 << 28, np.int64)
    for _ in range(5):
        cube = _shift_saturating(doubling_high_mul(doubling_high_mul(x, x), x), 6)
        step = doubling_high_mul(three_halves, x) - doubling_high_mul(half_input, cube)
        x = _shift_saturating(np.clip(step, INT32_MIN, INT32_MAX), 3)
    multiplier = doubling_high_mul(x, np.int64(1518500250))  # sqrt(2)/2 in Q31
    multiplier = multiplier << np.maximum(-reverse_shift, 0)
    shift = -np.maximum(reverse_shift, 0)
    trivial = original <= 1
    return np.where(trivial, INT32_MAX, multiplier), np.where(trivial, 0, shift)


def _bit_length(value: IntArray) -> IntArray:
    return np.frexp(value.astype(np.float64))[1].astype(np.int64)


def _shift_saturating(value: IntArray, bits: int) -> IntArray:
    return np.asarray(np.clip(value << bits, INT32_MIN, INT32_MAX), np.int64)
