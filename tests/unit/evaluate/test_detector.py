"""Boxes come back to the photo that they were found in."""

import numpy as np
import pytest
from PIL import Image

from mcu_vision.data.letterbox import letterbox
from mcu_vision.evaluate.detector import boxes_from_output, detect_boxes


def test_int16_output_is_in_sixteenths_and_q15() -> None:
    output = np.array([[[16, 32, 48, 64, 32767], [0, 0, 0, 0, 0]]], np.int16)
    np.testing.assert_array_equal(boxes_from_output(output), [[1, 2, 3, 4, 1]])


def test_float_output_is_in_pixels() -> None:
    output = np.array([[[1.5, 2, 3, 4, 0.25], [0, 0, 0, 0, 0]]], np.float32)
    np.testing.assert_array_equal(boxes_from_output(output), [[1.5, 2, 3, 4, 0.25]])


@pytest.mark.parametrize("size", [(640, 480), (100, 300), (1000, 200)])
def test_a_white_square_is_found_where_it_is(size: tuple[int, int]) -> None:
    square = (size[0] // 4, size[1] // 4, size[0] // 5, size[1] // 3)
    photo = Image.new("RGB", size)
    photo.paste((255, 255, 255), (square[0], square[1], square[0] + square[2], square[1] + square[3]))

    def find_white(frame: np.ndarray) -> np.ndarray:
        assert frame.shape == (240, 320, 1)
        ys, xs = np.nonzero(frame[:, :, 0] > 127)
        box = (xs.min(), ys.min(), xs.max() + 1 - xs.min(), ys.max() + 1 - ys.min(), 0.5)
        return np.array([[box]], np.float32)

    scale = letterbox(photo, 320, 240, 1)[1]
    np.testing.assert_allclose(detect_boxes(find_white, photo, 320, 240, 1)[0, :4], square, atol=1.01 / scale)


def test_boxes_are_sorted_and_clipped_to_the_photo() -> None:
    output = np.array(
        [[[0, 0, 320, 240, 0.3], [0, 0, 50, 240, 0.9], [100, 100, 20, 20, 0.6], [0, 0, 0, 0, 0]]], np.float32
    )
    # A 240x240 photo lies between x = 40 and x = 280 of the frame.
    found = detect_boxes(lambda frame: output, Image.new("L", (240, 240)), 320, 240, 1)
    expected = [[0, 0, 10, 240, 0.9], [60, 100, 20, 20, 0.6], [0, 0, 240, 240, 0.3]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_boxes_in_the_padding_are_dropped() -> None:
    output = np.array([[[0, 0, 30, 30, 0.9]]], np.float32)
    assert detect_boxes(lambda frame: output, Image.new("L", (240, 240)), 320, 240, 1).shape == (0, 5)
