"""Ranges of activations, from their distributions: all of it, percentiles, or the least error, found in two ways."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mcu_vision.quantize.histogram import Histogram

Range = tuple[float, float]
FRACTIONS = np.linspace(1.0, 0.2, 81)
MOVES = tuple((f, o) for f in (0.8, 0.95, 0.99, 1.0, 1.01, 1.05) for o in (-8, -1, 0, 1, 8) if (f, o) != (1.0, 0))
"""Factors of the step and additions to the offset that the greedy search tries."""
PERCENTILE = 0.0001
"""Share of the values that the percentile method leaves outside on each side."""


def choose_min_max(histogram: Histogram) -> Range:
    """From the smallest to the largest value, extended to contain zero."""
    return min(histogram.low, 0.0), max(histogram.high, 0.0)


def choose_percentile(histogram: Histogram) -> Range:
    """Without the outermost values on each side, extended to contain zero."""
    values, counts = histogram.filled()
    share = np.cumsum(counts) / counts.sum()
    low = values[int(np.searchsorted(share, PERCENTILE))]
    high = values[min(int(np.searchsorted(share, 1 - PERCENTILE)), len(values) - 1)]
    return min(float(low), 0.0), max(float(high), 0.0)


def choose_mse(histogram: Histogram) -> Range:
    """The range with the least mean squared error of rounding and clipping to 256 levels.

    Both ends are searched in turn over fractions of the full range.
    """
    values, counts = histogram.filled()
    full = choose_min_max(histogram)
    best = full
    for _ in range(2):
        for end in (0, 1):
            candidates = [_replace(best, end, float(f) * full[end]) for f in FRACTIONS]
            errors = [affine_error(values, counts, candidate) for candidate in candidates]
            best = candidates[int(np.argmin(errors))]
    return best


def choose_greedy(histogram: Histogram) -> Range:
    """Step and offset that minimise quantisation loss plus saturation loss, by greedy search.

    From those of the full range, the change of either that helps most is taken until none helps. Both losses are
    squared errors: of rounding where values lie in the range, of clipping where they do not. Source: the winners of
    the Low-Power Image Recognition Challenge 2018, after Sheng et al. (arXiv 1803.08607).
    """
    values, counts = histogram.filled()
    low, high = choose_min_max(histogram)
    step = (high - low) / 255
    if step <= 0:
        return low, high
    best = (step, float(np.clip(np.round(-128 - low / step), -128, 127)))
    error = _step_error(values, counts, *best)
    while True:
        moves = [(best[0] * f, np.clip(best[1] + o, -128, 127)) for f, o in MOVES]
        errors = [_step_error(values, counts, *move) for move in moves]
        index = int(np.argmin(errors))
        if errors[index] >= error * (1 - 1e-9):
            return max(low, (-128 - best[1]) * best[0]), min(high, (127 - best[1]) * best[0])
        best, error = (moves[index][0], float(moves[index][1])), errors[index]


def _step_error(values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64], step: float, zero: float) -> float:
    quantized = np.clip(np.round(values / step) + zero, -128, 127)
    return float(np.sum(counts * ((quantized - zero) * step - values) ** 2))


def _replace(values: Range, index: int, value: float) -> Range:
    return (value, values[1]) if index == 0 else (values[0], value)


def affine_error(values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64], ends: Range) -> float:
    """Sum of squared errors of int8 with the zero point that `ends` give."""
    scale = (ends[1] - ends[0]) / 255
    if scale <= 0:
        return float(np.sum(counts * values**2))
    zero = np.clip(np.round(-128 - ends[0] / scale), -128, 127)
    return _step_error(values, counts, scale, float(zero))


def choose_out_bits(histogram: Histogram, method: str, candidates: range) -> int:
    """Fraction bits of an int8 tensor with zero point 0 and a scale that is a power of two.

    "mse" and "greedy": the least squared error; else the most bits that hold the method's range.
    """
    if method in ("mse", "greedy"):
        values, counts = histogram.filled()
        errors = [_power_error(values, counts, bits) for bits in candidates]
        return candidates[int(np.argmin(errors))]
    low, high = METHODS[method](histogram)
    # Half a step beyond 127 is lost to clipping, as at any other value to rounding; -128 is there anyway.
    fitting = [bits for bits in candidates if max(high, -low) * 2.0**bits <= 128]
    return max(fitting, default=candidates[0])


def _power_error(values: npt.NDArray[np.float64], counts: npt.NDArray[np.int64], bits: int) -> float:
    quantized = np.clip(np.floor(values * 2.0**bits + 0.5), -128, 127)
    return float(np.sum(counts * (quantized * 2.0**-bits - values) ** 2))


METHODS: dict[str, Callable[[Histogram], Range]] = {
    "mse": choose_mse,
    "min-max": choose_min_max,
    "percentile": choose_percentile,
    "greedy": choose_greedy,
}
