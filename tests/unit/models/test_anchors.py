"""Anchors, box encoding and the float decoding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mcu_vision.models.anchors import (
    anchor_corners,
    decode_boxes,
    detect,
    encode_boxes,
    make_anchors,
    non_maximum_suppression,
    pairwise_iou,
)
from mcu_vision.models.detector_spec import DetectorLevel, DetectorSpec

SPEC = DetectorSpec(40, 24, 1, (DetectorLevel(8, 16.0, 3), DetectorLevel(16, 32.0)))


def test_anchors_are_squares_centred_in_their_cells():
    anchors = make_anchors(SPEC)
    assert anchors.shape == (3 * 5 + 2 * 3, 4)
    assert anchors[0].tolist() == [4, 4, 16, 16]
    assert anchors[6].tolist() == [12, 12, 16, 16]
    assert anchors[15].tolist() == [8, 8, 32, 32]
    assert anchor_corners(anchors)[0].tolist() == [-4, -4, 12, 12]


@given(arrays(np.float32, (21, 4), elements=st.floats(0, 1, width=32)))
def test_decode_inverts_encode(unit):
    anchors = make_anchors(SPEC)
    low = unit[:, :2] * 30
    boxes = np.concatenate([low, low + 1 + unit[:, 2:] * 50], axis=1)
    decoded = decode_boxes(encode_boxes(boxes, anchors, SPEC.variances), anchors, SPEC.variances)
    np.testing.assert_allclose(decoded, boxes, atol=1e-3)


def test_iou_of_known_boxes():
    a = np.array([[0, 0, 10, 10]], np.float32)
    b = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], np.float32)
    np.testing.assert_allclose(pairwise_iou(a, b), [[1, 1 / 3, 0]], rtol=1e-6)


def test_suppression_keeps_the_best_of_each_cluster():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 30, 40, 40], [31, 30, 41, 40]], np.float32)
    keep = non_maximum_suppression(boxes, np.array([0.5, 0.9, 0.8, 0.7], np.float32), 0.3)
    assert keep.tolist() == [1, 2]


def _quiet_maps() -> list[np.ndarray]:
    maps = []
    for level in SPEC.levels:
        size = SPEC.map_size(level)
        maps += [np.zeros((4, *size), np.float32), np.zeros((level.background_logits + 1, *size), np.float32)]
        maps[-1][:-1] = 5.0
    return maps


def test_detect_finds_the_raised_cell():
    maps = _quiet_maps()
    maps[1][-1, 1, 2] = 8.0
    maps[0][:, 1, 2] = (1.0, -1.0, 0.0, np.log(2) / 0.2)
    boxes, scores = detect(maps, SPEC)
    np.testing.assert_allclose(boxes, [[20 + 1.6 - 8, 12 - 1.6 - 16, 20 + 1.6 + 8, 12 - 1.6 + 16]], atol=1e-4)
    assert scores == pytest.approx([1 / (1 + np.exp(-3))])


def test_largest_background_logit_counts():
    maps = _quiet_maps()
    maps[1][-1, 1, 2] = 8.0
    maps[1][1, 1, 2] = 9.0
    assert len(detect(maps, SPEC)[0]) == 0


def test_spec_survives_json():
    assert DetectorSpec.from_json(SPEC.to_json()) == SPEC
