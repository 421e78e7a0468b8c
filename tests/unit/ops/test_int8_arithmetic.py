"""int8.py against the C code's meaning, written with Python's unbounded integers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcu_vision import int8
from mcu_vision.errors import UserError

INT32 = st.integers(int8.INT32_MIN, int8.INT32_MAX)


def truncating_division(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a >= 0) == (b > 0) else -quotient


def c_doubling_high_mul(a: int, b: int) -> int:
    """gemmlowp SaturatingRoundingDoublingHighMul(int32, int32)."""
    if a == b == int8.INT32_MIN:
        return int8.INT32_MAX
    product = a * b
    nudge = (1 << 30) if product >= 0 else 1 - (1 << 30)
    return truncating_division(product + nudge, 1 << 31)


def c_divide_by_pot(x: int, exponent: int) -> int:
    """gemmlowp RoundingDivideByPOT: nearest, ties away from zero."""
    quotient, remainder = divmod(abs(x), 1 << exponent)
    rounded = quotient + (2 * remainder >= (1 << exponent) and exponent > 0)
    return rounded if x >= 0 else -rounded


@given(INT32, INT32)
def test_doubling_high_mul_equals_c(a: int, b: int) -> None:
    assert int8.doubling_high_mul(np.array([a]), np.array([b]))[0] == c_doubling_high_mul(a, b)


def test_doubling_high_mul_saturates() -> None:
    lowest = np.array([int8.INT32_MIN])
    assert int8.doubling_high_mul(lowest, lowest)[0] == int8.INT32_MAX


@given(INT32, st.integers(0, 31))
def test_divide_by_pot_rounds_ties_away_from_zero(x: int, exponent: int) -> None:
    result = int8.rounding_divide_by_pot(np.array([x]), np.array([exponent]))[0]
    assert result == c_divide_by_pot(x, exponent)


@given(st.integers(-(2**24), 2**24), st.integers(2**30, 2**31 - 1), st.integers(-31, 6))
def test_multiply_by_quantized_multiplier_equals_c(x: int, multiplier: int, shift: int) -> None:
    left, right = max(shift, 0), max(-shift, 0)
    expected = c_divide_by_pot(c_doubling_high_mul(x << left, multiplier), right)
    assert int8.multiply_by_quantized_multiplier(x, multiplier, shift) == expected


@given(st.floats(2.0**-31, 2.0**29, allow_subnormal=False))
def test_quantize_multiplier_round_trip(real: float) -> None:
    multiplier, shift = int8.quantize_multiplier(real)
    assert 2**30 <= multiplier < 2**31
    assert multiplier * 2.0 ** (shift - 31) == pytest.approx(real, rel=2.0**-31)


def test_quantize_multiplier_limits() -> None:
    assert int8.quantize_multiplier(0.0) == (0, 0)
    assert int8.quantize_multiplier(2.0**-40) == (0, 0)
    assert int8.quantize_multiplier(2.0**40) == (int8.INT32_MAX, 30)
    # A fraction that rounds up to 1 moves into the shift.
    assert int8.quantize_multiplier(1 - 2.0**-40) == (2**30, 1)
    with pytest.raises(ValueError, match="finite"):
        int8.quantize_multiplier(math.nan)
    with pytest.raises(UserError, match="scales are too far apart"):
        int8.quantize_multiplier(math.inf)


@given(st.integers(-(2**40), 2**40), st.integers(-8, 20))
def test_rounding_shift_rounds_half_up(x: int, bits: int) -> None:
    expected = math.floor(x / 2**bits + 0.5) if bits > 0 else x << -bits
    assert int8.rounding_shift(np.array([x]), bits)[0] == expected


@given(st.integers(2, 2**31 - 1))
def test_inverse_sqrt_is_close(value: int) -> None:
    multiplier, shift = int8.inverse_sqrt_multiplier(value)
    real = float(multiplier) * 2.0 ** (float(shift) - 31)
    assert real == pytest.approx(1 / math.sqrt(value), rel=2e-6)


def test_inverse_sqrt_of_trivial_values() -> None:
    multiplier, shift = int8.inverse_sqrt_multiplier(np.array([0, 1]))
    assert multiplier.tolist() == [int8.INT32_MAX] * 2
    assert shift.tolist() == [0, 0]
