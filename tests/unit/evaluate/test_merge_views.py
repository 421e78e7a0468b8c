"""A teacher's boxes over scales and mirror images become labels, or regions to ignore."""

import numpy as np
from PIL import Image

from mcu_vision.evaluate.merge_views import View, detect_in_view, make_views, merge_views

WHOLE, MIRROR = View((0, 0, 100, 80)), View((0, 0, 100, 80), True)
SMALL, SMALL_MIRROR = View((-50, -40, 200, 160)), View((-50, -40, 200, 160), True)
VIEWS = [WHOLE, MIRROR, SMALL, SMALL_MIRROR]
NONE = np.zeros((0, 5))


def _box(x: float, score: float) -> np.ndarray:
    return np.array([[x, 10.0, 20.0, 24.0, score]])


def test_what_a_view_and_its_mirror_see_is_a_label():
    labels = merge_views(VIEWS, [_box(10, 0.8), _box(12, 0.8), NONE, NONE], (100, 80), 0.6)
    np.testing.assert_allclose(labels.boxes, [[11, 10, 20, 24]])
    assert labels.ignore.shape == (0, 4)


def test_agreement_at_one_scale_is_enough_but_not_across_scales():
    one_scale = merge_views(VIEWS, [NONE, NONE, _box(10, 0.9), _box(10, 0.7)], (100, 80), 0.6)
    assert len(one_scale.boxes) == 1
    across = merge_views(VIEWS, [_box(10, 0.9), NONE, _box(10, 0.9), NONE], (100, 80), 0.6)
    assert len(across.boxes) == 0
    np.testing.assert_allclose(across.ignore, [[10, 10, 20, 24]])


def test_neighbours_stay_apart_and_boxes_stay_in_the_photo():
    found = np.concatenate([_box(-6, 0.9), _box(40, 0.8)])
    labels = merge_views(VIEWS, [found, found, NONE, NONE], (100, 80), 0.5)
    np.testing.assert_allclose(labels.boxes, [[0, 10, 14, 24], [40, 10, 20, 24]])


def test_boxes_of_every_view_are_in_the_pixels_of_the_photo():
    """A teacher that marks the bright spot finds it at the same place in all views that show it."""
    pixels = np.zeros((80, 100, 3), np.uint8)
    pixels[20:28, 30:40] = 255

    def run(frame: np.ndarray) -> np.ndarray:
        rows, columns = np.nonzero(frame[..., 0] > 200)
        if not len(rows):
            return np.zeros((1, 5), np.float32)
        x, y = columns.min(), rows.min()
        return np.array([[x, y, columns.max() + 1 - x, rows.max() + 1 - y, 0.9]], np.float32)

    image = Image.fromarray(pixels)
    views = make_views(100, 80)
    assert len(views) == 12
    seen = [detect_in_view(run, image, view, (200, 160, 3)) for view in views]
    assert sum(len(boxes) for boxes in seen) >= 6
    for boxes in seen:
        for box in boxes:
            np.testing.assert_allclose(box[:4], [30, 20, 10, 8], atol=1.3)


def test_boxes_that_a_view_may_have_cut_are_left_out():
    """Only edges inside the photo cut; its own edges do not."""

    def run(frame: np.ndarray) -> np.ndarray:
        rows, columns = frame.shape[:2]
        corner, middle = (0, 0, 40, 40, 0.9), (columns / 2, rows / 2, 20, 20, 0.8)
        return np.array([[corner, middle, (columns - 40, rows - 40, 40, 40, 0.7)]], np.float32)

    image = Image.new("RGB", (100, 80))
    part, mirrored = View((40.0, 32.0, 60.0, 48.0)), View((40.0, 32.0, 60.0, 48.0), True)
    scores = [detect_in_view(run, image, view, (200, 160, 3))[:, 4].round(1).tolist() for view in (WHOLE, part)]
    assert scores == [[0.9, 0.8, 0.7], [0.8, 0.7]]
    assert detect_in_view(run, image, mirrored, (200, 160, 3))[:, 4].round(1).tolist() == [0.8]
