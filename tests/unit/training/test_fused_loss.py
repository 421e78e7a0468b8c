"""The fused loss: scores learn the overlap of their boxes, boxes learn by it."""

import numpy as np
import pytest
import torch

from mcu_vision.models.anchors import make_anchors, pairwise_iou
from mcu_vision.models.detector_spec import DetectorLevel, DetectorSpec
from mcu_vision.training.anchor_matching import BACKGROUND, FACE, IGNORED
from mcu_vision.training.fused_loss import FusedLoss, corners_of, overlaps

SPEC = DetectorSpec(32, 32, 3, (DetectorLevel(16, 16.0),))


def maps(offset=0.0, margin=0.0):
    loc = torch.full((1, 4, 2, 2), offset, requires_grad=True)
    conf = torch.zeros(1, 2, 2, 2)
    conf[:, 1] = margin
    return loc, conf.requires_grad_()


def one_face(label=FACE):
    labels = torch.full((1, 4), BACKGROUND, dtype=torch.int8)
    labels[0, 0] = label
    return labels, torch.zeros(1, 4, 4)


def test_overlaps_are_those_of_evaluation():
    random = np.random.default_rng(0)
    low, size = random.uniform(0, 20, (2, 50, 2)), random.uniform(1, 15, (2, 50, 2))
    boxes = np.concatenate([low, low + size], 2).astype(np.float32)
    iou, giou = overlaps(*torch.from_numpy(boxes))
    np.testing.assert_allclose(iou, np.diagonal(pairwise_iou(*boxes)), atol=1e-5)
    assert (giou <= iou + 1e-6).all()
    assert (giou >= -1).all()


def test_offsets_of_nothing_are_the_anchors():
    anchors = torch.from_numpy(make_anchors(SPEC))
    corners = corners_of(torch.zeros(4, 4), anchors, SPEC.variances)
    assert corners[0].tolist() == [0, 0, 16, 16]


def test_a_perfect_detection_costs_nothing():
    loc, conf = maps()
    conf = torch.full_like(conf, -20.0)
    conf[:, 0] = 20.0
    conf[0, :, 0, 0] = torch.tensor([-20.0, 20.0])
    loss = FusedLoss(SPEC)((loc, conf), *one_face())
    assert loss.total.item() == pytest.approx(0.0, abs=1e-5)


def test_a_score_is_drawn_to_the_overlap_of_its_box():
    """A box of half the area: the score of 0.5 is right, a higher one too high, a lower one too low."""
    labels, targets = one_face()
    targets[0, 0, 2:] = float(np.log(0.5)) / 2 / SPEC.variances[1]
    gradients = []
    for margin in (2.0, 0.0, -2.0):
        loc, conf = maps(margin=margin)
        FusedLoss(SPEC)((loc, conf), labels, targets).classification.backward()
        gradients.append(float(conf.grad[0, 1, 0, 0]))
    assert gradients[0] > 0 > gradients[2]
    assert gradients[1] == pytest.approx(0.0, abs=1e-6)


def test_boxes_are_drawn_together_and_ignored_anchors_teach_nothing():
    labels, targets = one_face()
    targets[0, 0, 0] = 2.0
    loc, conf = maps()
    FusedLoss(SPEC)((loc, conf), labels, targets).localization.backward()
    assert float(loc.grad[0, 0, 0, 0]) < 0
    assert torch.count_nonzero(loc.grad[0, :, 1]) == 0
    loc, conf = maps()
    FusedLoss(SPEC)((loc, conf), *one_face(IGNORED)).total.backward()
    assert torch.count_nonzero(conf.grad[0, :, 0, 0]) == 0
    assert torch.count_nonzero(conf.grad[0, :, 1, 1]) > 0
