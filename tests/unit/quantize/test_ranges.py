"""Histograms and what the methods choose from them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_vision.quantize.choose_quantizations import affine
from mcu_vision.quantize.choose_ranges import METHODS, affine_error, choose_mse, choose_out_bits
from mcu_vision.quantize.histogram import Histogram


def histogram(*batches: np.ndarray) -> Histogram:
    result = Histogram()
    for batch in batches:
        result.add(batch.astype(np.float32))
    return result


def test_histogram_grows_without_losing_values() -> None:
    random = np.random.default_rng(0)
    batches = [random.normal(0, s, 1000) for s in (0.01, 1, 30)]
    grown, at_once = histogram(*batches), histogram(np.concatenate(batches))
    assert grown.limit == at_once.limit
    assert grown.counts.sum() == 3000
    # Merging in pairs may only move values by less than a bin.
    np.testing.assert_allclose(np.cumsum(grown.counts), np.cumsum(at_once.counts), atol=30)
    assert (grown.low, grown.high) == (at_once.low, at_once.high)


def test_histogram_of_zeros() -> None:
    result = histogram(np.zeros(10))
    assert result.counts.sum() == 10
    for method in METHODS.values():
        assert affine(method(result)).scale > 0


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), shift=st.floats(-3, 3), spread=st.sampled_from([1e-4, 0.1, 50.0]))
def test_ranges_contain_zero_and_not_more_than_the_values(method: str, seed: int, shift: float, spread: float) -> None:
    result = histogram(np.random.default_rng(seed).normal(shift * spread, spread, 500))
    low, high = METHODS[method](result)
    assert min(result.low, 0) <= low <= 0 <= high <= max(result.high, 0)
    quantization = affine((low, high))
    assert -128 <= quantization.zero_point <= 127
    # The ends are representable to half a step.
    for end in (low, high):
        step = np.round(end / quantization.scale) + quantization.zero_point
        assert -128.5 <= step <= 127.5


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), outlier=st.sampled_from([0.0, 10.0, 300.0]))
def test_greedy_search_never_loses_to_the_full_range(seed: int, outlier: float) -> None:
    values = np.append(np.random.default_rng(seed).normal(0.5, 1, 500), outlier)
    result = histogram(values)
    bins, counts = result.filled()
    full = affine_error(bins, counts, METHODS["min-max"](result))
    assert affine_error(bins, counts, METHODS["greedy"](result)) <= full * 1.02


def test_mse_clips_outliers_and_percentile_too() -> None:
    values = np.concatenate([np.random.default_rng(0).normal(0, 1, 200_000), [100.0, -100.0]])
    result = histogram(values)
    assert METHODS["min-max"](result) == (-100.0, 100.0)
    for method, limit in (("mse", 80), ("greedy", 80), ("percentile", 5)):
        low, high = METHODS[method](result)
        assert -limit < low < -2
        assert 2 < high < limit
    filled = result.filled()
    assert affine_error(*filled, choose_mse(result)) < 0.7 * affine_error(*filled, (-100.0, 100.0))


def test_mse_keeps_a_uniform_range() -> None:
    low, high = choose_mse(histogram(np.linspace(0, 6, 10_000)))
    assert low == 0
    assert high == pytest.approx(6, rel=0.02)


@pytest.mark.parametrize(
    ("largest", "bits"), [(1.0, 7), (0.55, 7), (0.49, 8), (0.28, 8), (0.24, 9), (0.01, 9), (3.0, 7)]
)
def test_out_bits_hold_the_values(largest: float, bits: int) -> None:
    result = histogram(np.linspace(-largest, largest, 1001))
    assert choose_out_bits(result, "min-max", range(7, 10)) == bits
    assert choose_out_bits(result, "mse", range(7, 10)) == bits


def test_affine_represents_zero_exactly() -> None:
    for ends in ((-1.0, 3.0), (0.0, 6.0), (-2.0, 0.0), (0.0, 0.0)):
        quantization = affine(ends)
        assert quantization.scale == float(np.float32(quantization.scale))
    assert affine((0.0, 6.0)).zero_point == -128
    assert affine((-2.0, 0.0)).zero_point == 127
