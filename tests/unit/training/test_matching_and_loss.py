"""Anchor matching and the detection loss."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_vision.models.anchors import anchor_corners, decode_boxes, make_anchors, pairwise_iou
from mcu_vision.models.face_m4 import SPEC
from mcu_vision.training.anchor_matching import BACKGROUND, FACE, IGNORED, match_anchors
from mcu_vision.training.detection_loss import detection_loss, flatten_head_maps

ANCHORS = make_anchors(SPEC)
NONE = np.zeros((0, 4), np.float32)


def _match(boxes, ignore=NONE):
    return match_anchors(np.asarray(boxes, np.float32), np.asarray(ignore, np.float32), ANCHORS, SPEC.variances)


BOX = st.tuples(st.floats(0, 300), st.floats(0, 220), st.floats(6, 100), st.floats(6, 100))


@settings(max_examples=60, deadline=None)
@given(st.lists(BOX, min_size=1, max_size=6))
def test_matched_anchors_decode_to_their_faces(drawn):
    boxes = np.array([[x, y, x + w, y + h] for x, y, w, h in drawn], np.float32)
    labels, targets = _match(boxes)
    decoded = decode_boxes(targets, ANCHORS, SPEC.variances)[labels == FACE]
    assert len(decoded) >= 1
    assert pairwise_iou(decoded, boxes).max(axis=1).min() > 0.99
    assert np.all(targets[labels != FACE] == 0)
    iou = pairwise_iou(anchor_corners(ANCHORS), boxes).max(axis=1)
    assert np.all(labels[iou >= 0.35] == FACE)


@settings(max_examples=60, deadline=None)
@given(st.lists(BOX, min_size=1, max_size=4))
def test_distant_faces_all_get_anchors(drawn):
    centres = [(80, 60), (240, 60), (80, 180), (240, 180)]
    boxes = np.array(
        [[x - w / 2, y - h / 2, x + w / 2, y + h / 2] for (x, y), (_, _, w, h) in zip(centres, drawn, strict=False)],
        np.float32,
    )
    labels, targets = _match(boxes)
    decoded = decode_boxes(targets, ANCHORS, SPEC.variances)[labels == FACE]
    assert np.all(pairwise_iou(boxes, decoded).max(axis=1) > 0.99)


def test_face_between_anchor_sizes_is_compensated():
    """A 23 px face off the grid has few anchors at IoU 0.35; beside a well-placed one it gets more."""
    odd, good = [101, 101, 109, 109], [192, 112, 208, 128]
    alone = (_match([odd])[0] == FACE).sum()
    together = _match([odd, good])
    owner = decode_boxes(together[1], ANCHORS, SPEC.variances)[together[0] == FACE][:, 0] < 150
    assert owner.sum() >= alone


def test_ignored_region_is_neither_face_nor_background():
    labels, _ = _match([[100, 100, 116, 116]], [[0, 0, 50, 50]])
    inside = (ANCHORS[:, 0] < 50) & (ANCHORS[:, 1] < 50) & (ANCHORS[:, 2] == 8)
    assert np.all(labels[inside] == IGNORED)
    assert np.all(labels[ANCHORS[:, 0] > 200] == BACKGROUND)
    assert (labels == FACE).any()


def _maps(batch=2):
    generator = torch.Generator().manual_seed(0)
    maps = []
    for level in SPEC.levels:
        for channels in (4, level.background_logits + 1):
            maps.append(torch.randn((batch, channels, *SPEC.map_size(level)), generator=generator))
    return maps


def test_flattened_maps_follow_the_anchors():
    maps = _maps()
    offsets, margins = flatten_head_maps(tuple(maps))
    assert offsets.shape == (2, len(ANCHORS), 4)
    assert margins.shape == (2, len(ANCHORS))
    index = np.flatnonzero((ANCHORS[:, 0] == 8 * 5.5) & (ANCHORS[:, 1] == 8 * 3.5) & (ANCHORS[:, 2] == 8))[0]
    torch.testing.assert_close(offsets[1, index], maps[0][1, :, 3, 5])
    logits = maps[1][1, :, 3, 5]
    torch.testing.assert_close(margins[1, index], logits[3] - logits[:3].max())


def test_loss_is_the_softmax_of_the_hardest_background():
    """With one level's labels known, the loss equals two-class cross-entropy over positives and top negatives."""
    maps = tuple(_maps(1))
    labels = torch.zeros(1, len(ANCHORS), dtype=torch.int8)
    labels[0, [7, 1300]] = FACE
    labels[0, 100:1000] = IGNORED
    targets = torch.zeros(1, len(ANCHORS), 4)
    targets[0, 7] = 0.5
    loss = detection_loss(maps, labels, targets)
    offsets, margins = flatten_head_maps(maps)
    log_loss = torch.nn.functional.softplus(margins[0])
    negatives = log_loss[labels[0] == BACKGROUND].sort(descending=True).values[:16]
    positives = torch.nn.functional.softplus(-margins[0][labels[0] == FACE])
    torch.testing.assert_close(loss.classification, (negatives.sum() + positives.sum()) / 2)
    difference = (offsets[0, [7, 1300]] - targets[0, [7, 1300]]).abs()
    smooth = torch.where(difference < 1, difference**2 / 2, difference - 0.5)
    torch.testing.assert_close(loss.localization, smooth.sum() / 2)
    torch.testing.assert_close(loss.total, loss.classification + loss.localization)


def test_hard_negatives_are_three_to_one():
    maps = tuple(m.clone().requires_grad_() for m in _maps(1))
    labels = torch.zeros(1, len(ANCHORS), dtype=torch.int8)
    labels[0, :50] = FACE
    detection_loss(maps, labels, torch.zeros(1, len(ANCHORS), 4)).classification.backward()
    touched = sum(int((m.grad.flatten(2).abs().sum(dim=1) > 0).sum()) for m in maps[1::2])
    assert touched == 50 + 150


def test_batch_without_faces_teaches_background():
    maps = tuple(m.clone().requires_grad_() for m in _maps(1))
    labels = torch.zeros(1, len(ANCHORS), dtype=torch.int8)
    loss = detection_loss(maps, labels, torch.zeros(1, len(ANCHORS), 4))
    assert loss.localization == 0
    assert loss.classification > 0


def test_wrong_variances_are_noticed():
    labels, targets = _match([[100, 100, 130, 130]])
    decoded = decode_boxes(targets, ANCHORS, (0.2, 0.2))[labels == FACE]
    with pytest.raises(AssertionError):
        assert pairwise_iou(decoded, np.array([[100, 100, 130, 130]], np.float32)).min() > 0.99
