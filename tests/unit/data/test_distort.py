"""Photometric distortion."""

import numpy as np
import pytest

from mcu_vision.data.distort import distort


def _ramp(channels):
    return np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (4, 1, channels))


@pytest.mark.parametrize("channels", [1, 3])
def test_light_changes_but_order_stays(channels):
    outputs = []
    for seed in range(20):
        out = distort(_ramp(channels), np.random.default_rng(seed), 0.0, 0.0, 0.0)
        assert out.shape == (4, 256, channels)
        assert out.dtype == np.uint8
        assert np.all(np.diff(out[0].astype(int), axis=0) >= 0)
        assert out[0, 250].mean() > out[0, 5].mean() + 60
        outputs.append(out[0, 128].mean())
    assert np.std(outputs) > 5


def test_low_light_is_dark():
    dark, plain = (
        np.mean([distort(_ramp(1), np.random.default_rng(s), 0.0, 0.0, p).mean() for s in range(30)])
        for p in (1.0, 0.0)
    )
    assert dark < 0.6 * plain


def test_noise_and_blur():
    flat = np.full((60, 60, 1), 128, np.uint8)
    assert distort(flat, np.random.default_rng(0), 0.0, 1.0, 0.0).std() > 1
    edge = flat.copy()
    edge[:, 30:] = 0
    sharp, blurred = (distort(edge, np.random.default_rng(1), p, 0.0, 0.0) for p in (0.0, 1.0))
    assert len(np.unique(blurred)) > len(np.unique(sharp)) == 2


def test_some_colour_photos_become_gray():
    photo = np.zeros((8, 8, 3), np.uint8)
    photo[..., 0] = 200
    spread = [np.ptp(distort(photo, np.random.default_rng(s), 0, 0, 0)[0, 0].astype(int)) for s in range(60)]
    assert min(spread) < 60
    assert max(spread) > 120
