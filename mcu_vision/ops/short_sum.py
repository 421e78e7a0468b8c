"""Scaling of int8 values in few instructions, where that gives the bytes of the exact rule for all of them.

The kernels add factor * value in 32 bits with 22 bits of fraction, where the rules of TensorFlow Lite round up to
five times. Both are functions of at most two bytes, so whether they agree is tried out on all of them.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from mcu_vision.int8 import IntArray, multiply_by_quantized_multiplier
from mcu_vision.ops.common import Pair

FRACTION_BITS = 22
FACTOR_BITS = 30
"""Of a factor of 1: a product of a factor and 256 times a byte is shifted right by 16."""
NEIGHBOURS = (0, 1, -1, 2, -2)
_BYTES = np.arange(-128, 128, dtype=np.int64)


@dataclass(frozen=True)
class ShortSum:
    """out = clamp((a * a_factor + b * b_factor + start, then + half, + ties if that is negative) >> 22).

    half and ties are 0 where they are not needed; start is then everything that is added.
    """

    a_factor: int = 0
    b_factor: int = 0
    start: int = 0
    half: int = 0
    ties: int = 0

    def params(self) -> dict[str, int]:
        """Fields of a nn_short_sum; all are 0 where there is no short form."""
        return {f"short_sum.{name}": value for name, value in vars(self).items()}


@cache
def find_short_sum(
    factors: tuple[float, float], zeros: tuple[int, int, int], scales: tuple[Pair, Pair, Pair], clamp: Pair, sign: int
) -> ShortSum:
    """That of ADD (sign 1) and SUB (-1). scales: multiplier and shift of a, b and the output."""
    a, b = (
        multiply_by_quantized_multiplier((_BYTES - zero) << 20, *scale)
        for zero, scale in zip(zeros[:2], scales[:2], strict=True)
    )
    total = a[:, None] + sign * b
    expected = multiply_by_quantized_multiplier(total, *scales[2]) + zeros[2]
    return _find(expected, factors, zeros, clamp)


@cache
def find_short_scale(factor: float, zeros: Pair, scale: Pair, clamp: Pair) -> ShortSum:
    """That of QUANTIZE; b_factor is 0."""
    expected = multiply_by_quantized_multiplier(_BYTES - zeros[0], *scale) + zeros[1]
    return _find(expected[:, None], (factor, 0.0), (zeros[0], 0, zeros[1]), clamp)


def _find(expected: IntArray, factors: tuple[float, float], zeros: tuple[int, int, int], clamp: Pair) -> ShortSum:
    a_factor, b_factor = (round(factor * 2**FACTOR_BITS) for factor in factors)
    if max(a_factor, abs(b_factor)) + 2 >= 1 << 31:
        return ShortSum()
    for change_a in NEIGHBOURS:
        for change_b in NEIGHBOURS if b_factor else (0,):
            found = _try(expected, a_factor + change_a, b_factor + change_b, zeros, clamp)
            if found is not None:
                return found
    return ShortSum()


def _try(expected: IntArray, a_factor: int, b_factor: int, zeros: tuple[int, int, int], clamp: Pair) -> ShortSum | None:
    """With these factors; first with one constant, then with one more for sums below zero, whose ties go down."""
    products = (a_factor * _BYTES[:, None] >> 8) + (b_factor * _BYTES >> 8 if b_factor else 0)
    if np.abs(products).max() >= 3 << 29:  # room for the constants within 32 bits
        return None
    everything = _constant(expected, products, np.full(products.shape, True), clamp)
    if everything is not None:
        return ShortSum(a_factor, b_factor, everything)
    start = -(a_factor * zeros[0] >> 8) - (b_factor * zeros[1] >> 8)
    sums = products + start
    rest = [_constant(expected, sums, part, clamp) for part in (sums >= 0, sums < 0)]
    if rest[0] is None or rest[1] is None or np.abs(sums).max() >= 3 << 29:
        return None
    return ShortSum(a_factor, b_factor, start, rest[0], rest[1] - rest[0])


def _constant(expected: IntArray, sums: IntArray, where: npt.NDArray[np.bool_], clamp: Pair) -> int | None:
    """What to add to `sums` so that their integer parts are `expected`, or beyond the clamp as those are."""
    above, below = where & (expected > clamp[0]), where & (expected < clamp[1])
    floor = (np.clip(expected, *clamp) << FRACTION_BITS) - sums
    least = int(floor[above].max(initial=-(1 << 29)))
    most = int((floor + (1 << FRACTION_BITS) - 1)[below].min(initial=(1 << 29) - 1))
    return (least + most) // 2 if least <= most else None
