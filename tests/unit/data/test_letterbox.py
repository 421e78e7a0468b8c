"""The one geometry of training, evaluation and inference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mcu_vision.data.letterbox import PADDING, letterbox


@pytest.mark.parametrize("channels", [1, 3])
def test_wide_photo_is_padded_above_and_below(channels):
    pixels, scale, x, y = letterbox(Image.new("RGB", (640, 240), (10, 10, 10)), 320, 240, channels)
    assert pixels.shape == (240, 320, channels)
    assert pixels.dtype == np.uint8
    assert (scale, x, y) == (0.5, 0, 60)
    assert np.all(pixels[60:180] == 10)
    assert np.all(pixels[:60] == PADDING)
    assert np.all(pixels[180:] == PADDING)


def test_photo_of_the_right_size_is_unchanged():
    photo = np.random.default_rng(0).integers(0, 256, (24, 32), np.uint8)
    pixels, scale, x, y = letterbox(Image.fromarray(photo), 32, 24, 1)
    assert (scale, x, y) == (1.0, 0, 0)
    np.testing.assert_array_equal(pixels[:, :, 0], photo)


def test_gray_is_luma():
    pixels, *_ = letterbox(Image.new("RGB", (8, 8), (255, 0, 0)), 8, 8, 1)
    assert np.all(pixels == 76)


@settings(max_examples=30, deadline=None)
@given(st.integers(8, 300), st.integers(8, 300), st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_scale_and_offset_map_points(width, height, u, v):
    """A bright square around a point of the photo lands where the returned geometry says."""
    photo = np.zeros((height, width), np.uint8)
    x, y = int(u * width), int(v * height)
    photo[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4] = 255
    frame, scale, offset_x, offset_y = letterbox(Image.fromarray(photo), 160, 120, 1)
    row, column = int((y + 0.5) * scale + offset_y), int((x + 0.5) * scale + offset_x)
    assert frame[min(row, 119), min(column, 159), 0] > 128
