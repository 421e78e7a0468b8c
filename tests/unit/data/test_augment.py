"""Augmented frames: boxes stay on what they mark."""

import numpy as np
import pytest

from mcu_vision.data.augment import Augmenter, AugmentOptions, View

GEOMETRY_ONLY = {"blur": 0.0, "noise": 0.0, "low_light": 0.0, "few_pixels": 0.0}


def _photo(channels=1, box=(60, 40, 100, 90), size=(120, 160)):
    """Dark, with a white rectangle that is the face."""
    pixels = np.full((*size, channels), 20, np.uint8)
    x0, y0, x1, y1 = box
    pixels[y0:y1, x0:x1] = 250
    return View(pixels, np.array([box], np.float32), np.zeros((0, 4), np.float32))


def _augmenter(seed=0, **options):
    return Augmenter(96, 72, AugmentOptions(**GEOMETRY_ONLY | options), np.random.default_rng(seed))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("grid", [1, 2, 3])
def test_boxes_mark_the_bright_parts(channels, grid):
    augmenter = _augmenter(grid, face_size=(8.0, 40.0))
    found = 0
    for _ in range(40):
        view = augmenter.compose([_photo(channels) for _ in range(grid * grid)], grid)
        assert view.pixels.shape == (72, 96, channels)
        assert view.pixels.dtype == np.uint8
        gray = view.pixels.mean(axis=2)
        for x0, y0, x1, y1 in view.boxes:
            inside = gray[int(y0 + 1.5) : int(y1 - 0.5), int(x0 + 1.5) : int(x1 - 0.5)]
            around = gray[int((y0 + y1) / 2), :]
            assert inside.min() >= around.max() - 60
            assert inside.mean() > gray.min() + 20
            found += 1
    assert found >= 30


def test_few_pixels_are_soft_and_stay_in_place():
    views = [_augmenter(7, whole_photo=1.0, few_pixels=p, fewest_pixels=0.3).compose([_photo()], 1) for p in (0.0, 1.0)]
    edges = [np.abs(np.diff(view.pixels[:, :, 0].astype(int), axis=1)).max(axis=1).mean() for view in views]
    assert edges[1] < 0.8 * edges[0]
    x0, y0, x1, y1 = views[1].boxes[0].astype(int)
    assert views[1].pixels[y0 + 4 : y1 - 4, x0 + 4 : x1 - 4].min() > views[1].pixels.max() - 10


def test_face_sizes_follow_the_options():
    augmenter = _augmenter(face_size=(10.0, 20.0), whole_photo=0.0, smallest_zoom=0.1)
    sizes = []
    for _ in range(200):
        for x0, y0, x1, y1 in augmenter.compose([_photo()], 1).boxes:
            sizes.append(((x1 - x0) * (y1 - y0)) ** 0.5)
    assert len(sizes) > 150
    assert np.percentile(sizes, 2) > 7
    assert np.percentile(sizes, 98) < 20.5


def test_faces_that_no_cell_has_room_for_get_the_largest_size_that_fits():
    augmenter = _augmenter(face_size=(60.0, 90.0), smallest_face=1.0, whole_photo=0.0, smallest_zoom=0.0)
    sizes = []
    for _ in range(10):
        boxes = augmenter.compose([_photo() for _ in range(4)], 2).boxes
        sizes += np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)).tolist()
    assert len(sizes) >= 20
    assert max(sizes) <= 0.7 * 1.2 * 36 + 2  # cells are at most a fifth higher than half of the frame


def test_whole_photo_has_the_letterbox_geometry():
    augmenter = _augmenter(whole_photo=1.0)
    view = augmenter.compose([_photo()], 1)
    x0, y0, x1, y1 = view.boxes[0]
    plain = np.array([60, 40, 100, 90]) * 0.6
    mirrored = np.array([96 - 60, 24, 96 - 36, 54])
    assert np.allclose([x0, y0, x1, y1], plain) or np.allclose([x0, y0, x1, y1], mirrored)


def test_cut_and_tiny_faces_are_ignored():
    options = {"face_size": (4.0, 5.0), "smallest_zoom": 0.01, "whole_photo": 0.0}
    view = _augmenter(**options).compose([_photo()], 1)
    assert len(view.boxes) == 0
    assert len(view.ignore) == 1
    clipped, lost = _augmenter()._clip(np.array([[-30, 10, 10, 50], [-5, 10, 35, 50]], np.float32), 96, 72)
    assert clipped.tolist() == [[0, 10, 35, 50]]
    assert lost.tolist() == [[0, 10, 10, 50]]


def test_seed_fixes_the_view():
    first, second, other = (_augmenter(s).compose([_photo()], 1) for s in (4, 4, 5))
    np.testing.assert_array_equal(first.pixels, second.pixels)
    np.testing.assert_array_equal(first.boxes, second.boxes)
    assert not np.array_equal(first.pixels, other.pixels)


def test_photo_without_faces():
    plain = View(np.zeros((50, 200, 1), np.uint8), np.zeros((0, 4), np.float32), np.zeros((0, 4), np.float32))
    for seed in range(20):
        view = _augmenter(seed).compose([plain] * 4, 2)
        assert len(view.boxes) == len(view.ignore) == 0
