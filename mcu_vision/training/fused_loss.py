"""One loss in which the score learns how well its box fits, and boxes count by that: fused classification and boxes.

The score's target is the overlap of its own predicted box (quality focal loss: Li et al., "Generalized Focal Loss",
NeurIPS 2020, equation 2), and the box learns by its overlap too (GIoU: Rezatofighi et al., CVPR 2019), weighed by the
target of its score. The separate losses (`detection_loss`) teach each without regard to the other.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mcu_vision.models.anchors import make_anchors
from mcu_vision.models.detector_spec import DetectorSpec
from mcu_vision.training.anchor_matching import FACE, IGNORED
from mcu_vision.training.detection_loss import DetectionLoss, flatten_head_maps

BETA = 2.0
"""How much anchors that are nearly right count less (the paper's best)."""
LEAST_QUALITY = 0.1
"""Target of a matched anchor whose box does not overlap yet, so that it is never taught as background."""
BOX_WEIGHT = 2.0
"""Of the boxes' part (the paper's code)."""
LARGEST_LOG = 4.0
"""Of an offset of a side, so that its exponential stays finite."""


def corners_of(offsets: Tensor, anchors: Tensor, variances: tuple[float, float]) -> Tensor:
    """Boxes (..., 4) as x0, y0, x1, y1 of offsets (..., 4) from anchors (..., 4); see `models.anchors`."""
    centre = anchors[..., :2] + offsets[..., :2] * variances[0] * anchors[..., 2:]
    half = anchors[..., 2:] * torch.exp((offsets[..., 2:] * variances[1]).clamp(max=LARGEST_LOG)) / 2
    return torch.cat([centre - half, centre + half], -1)


def overlaps(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """IoU in [0, 1] and GIoU in [-1, 1] of boxes a and b (N, 4), pair by pair."""
    shared = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    around = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1).clamp(min=1e-6)
    union = ((a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - shared).clamp(min=1e-6)
    iou = shared / union
    return iou, iou - (around - union) / around


class FusedLoss:
    """The loss of the detector of `spec`; called like `detection_loss`."""

    def __init__(self, spec: DetectorSpec) -> None:
        self.anchors = torch.from_numpy(make_anchors(spec))
        self.variances = spec.variances

    def __call__(self, maps: tuple[Tensor, ...], labels: Tensor, targets: Tensor) -> DetectionLoss:
        """Scores and boxes, each divided by the sum of qualities; labels (N, A), targets (N, A, 4)."""
        offsets, margins = flatten_head_maps(maps)
        positive = labels == FACE
        anchors = self.anchors.to(offsets.device).expand_as(offsets)[positive]
        predicted = corners_of(offsets[positive].float(), anchors, self.variances)
        iou, giou = overlaps(predicted, corners_of(targets[positive], anchors, self.variances))
        quality = torch.zeros_like(margins)
        quality[positive] = iou.detach().clamp(min=LEAST_QUALITY).to(margins.dtype)
        count = quality.sum().clamp(min=1.0)
        distance = (torch.sigmoid(margins) - quality).abs().detach() ** BETA
        losses = F.binary_cross_entropy_with_logits(margins, quality, reduction="none") * distance
        classification = losses.masked_fill(labels == IGNORED, 0.0).sum()
        localization = ((1.0 - giou) * quality[positive]).sum()
        return DetectionLoss(classification / count, BOX_WEIGHT * localization / count)
