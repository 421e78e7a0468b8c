"""Exponential and logarithm in fixed point, as TensorFlow Lite's LOG_SOFTMAX has them; int64 arrays that hold int32.

Source: gemmlowp fixedpoint.h (`exp_on_negative_values`, `one_over_one_plus_x_for_x_in_0_1`) and TensorFlow Lite
`kernels/internal/common.h` (`log_x_for_x_greater_than_or_equal_to_1`). firmware/nn/nn_log.h is the twin of the latter.
"""

import numpy as np

from mcu_vision.int8 import INT32_MAX, INT32_MIN, IntArray, doubling_high_mul, rounding_divide_by_pot, wrap_int32

SUM_BITS = 12
"""Integer bits of the sum of exponentials."""
LOG_BITS = 5
"""Integer bits of differences of inputs, and of logarithms."""
EXP_FACTORS = {-2: 1672461947, -1: 1302514674, 0: 790015084, 1: 290630308, 2: 39332535, 3: 720401, 4: 242}
"""exp(-2**exponent) in Q0.31."""


def times(a: IntArray, b: int | IntArray) -> IntArray:
    """The product of two fixed-point numbers."""
    return doubling_high_mul(a, np.asarray(b, np.int64))


def divide_by_pot(value: IntArray, bits: int) -> IntArray:
    """value / 2**bits, ties away from zero."""
    return rounding_divide_by_pot(value, np.int64(bits))


def shift_saturating(value: IntArray, bits: int | IntArray) -> IntArray:
    """value * 2**bits within int32."""
    return np.asarray(np.clip(value << bits, INT32_MIN, INT32_MAX), np.int64)


def exp_of_negative(a: IntArray) -> IntArray:
    """exp(a) in Q0.31 of a <= 0 in Q5.26."""
    quarter = 1 << 24
    rest = (a & (quarter - 1)) - quarter
    x = shift_saturating(rest, LOG_BITS) + (1 << 28)
    x2 = times(x, x)
    x3, x4 = times(x2, x), times(x2, x2)
    tail = divide_by_pot(times(divide_by_pot(x4, 2) + x3, 715827883) + x2, 1)
    result = 1895147668 + times(x + tail, 1895147668)
    for exponent, factor in EXP_FACTORS.items():
        result = np.where((rest - a) & (1 << (26 + exponent)), times(result, factor), result)
    return np.asarray(np.where(a == 0, INT32_MAX, result), np.int64)


def log_of_sum(z: IntArray) -> IntArray:
    """log(z) in Q5.26 of z >= 1 in Q12.19."""
    sqrt_half, quarter = 1518500250, 1 << 23  # in Q0.31; in Q6.25
    zeros = 31 - np.frexp(z.astype(np.float64))[1].astype(np.int64)
    r_a = shift_saturating(times(shift_saturating(z, zeros), sqrt_half), 1)
    power_a = ((SUM_BITS - 1 - zeros) << 25) + quarter
    z_b = times(z, sqrt_half)
    zeros_b = 31 - np.frexp(z_b.astype(np.float64))[1].astype(np.int64)
    r_b = shift_saturating(z, zeros_b)
    power_b = ((SUM_BITS - zeros_b) << 25) - quarter
    return _log_from_parts(np.minimum(r_a, r_b), np.maximum(power_a, power_b))


def _log_from_parts(r: IntArray, power: IntArray) -> IntArray:
    """log of r (Q0.31, about 2**-0.25) times 2**power (Q6.25) by a rational function."""
    middle = 1805811301  # 2**-0.25
    total = r + middle
    p = (total + 1) >> 1
    q = wrap_int32(2 * (r - middle))
    square = times(q, q)
    numerator = times(q, r) + times(times(q, square), 117049297)
    denominator = times(p, wrap_int32(1057819769 + q + times(square, 127690142))) + times(q, 638450708)
    scaled = times(divide_by_pot(numerator, 6), _inverse_of_one_plus(denominator))
    return shift_saturating(times(power, 1488522236) + scaled, 1)


def _inverse_of_one_plus(x: IntArray) -> IntArray:
    """1 / (1 + x) in Q0.31 of x in [0, 1), by three Newton-Raphson steps in Q2.29."""
    total = x + INT32_MAX
    half = np.asarray(np.where(total >= 0, (total + 1) >> 1, -((1 - total) >> 1)), np.int64)
    y = 1515870810 + times(half, -1010580540)
    for _ in range(3):
        y = y + shift_saturating(times(y, (1 << 29) - times(half, y)), 2)
    return shift_saturating(y, 1)
