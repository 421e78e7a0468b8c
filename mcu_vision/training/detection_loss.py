"""Loss of a detector: softmax cross-entropy with hard negatives, and smooth L1 on box offsets."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from mcu_vision.training.anchor_matching import FACE, IGNORED


class DetectionLoss(NamedTuple):
    """The two parts, each divided by the number of matched anchors."""

    classification: Tensor
    localization: Tensor

    @property
    def total(self) -> Tensor:
        """What is minimised."""
        return self.classification + self.localization


def flatten_head_maps(maps: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """Offsets (N, A, 4) and face margins (N, A) of head maps (loc_0, conf_0, ...), each (N, C, H, W).

    The margin is the face logit less the largest background logit (max-out; S3FD, section 3.3): its
    sigmoid is the two-class softmax.
    """
    offsets, margins = [], []
    for loc, conf in zip(maps[::2], maps[1::2], strict=True):
        offsets.append(loc.flatten(2).transpose(1, 2))
        margins.append((conf[:, -1] - conf[:, :-1].amax(dim=1)).flatten(1))
    return torch.cat(offsets, dim=1), torch.cat(margins, dim=1)


def detection_loss(
    maps: tuple[Tensor, ...], labels: Tensor, targets: Tensor, negatives_per_positive: float = 3.0
) -> DetectionLoss:
    """Loss of a batch; labels (N, A) and targets (N, A, 4) as of `match_anchors`.

    Of the background anchors only the hardest count, three to each matched anchor over the whole batch, so
    that photos without faces teach too.
    """
    offsets, margins = flatten_head_maps(maps)
    positive = labels == FACE
    count = positive.sum().clamp(min=1)
    losses = F.binary_cross_entropy_with_logits(margins, positive.to(margins.dtype), reduction="none")
    negatives = losses.masked_fill(positive | (labels == IGNORED), 0.0).flatten()
    wanted = min(negatives.numel(), max(int(count * negatives_per_positive), 16))
    classification = (losses * positive).sum() + negatives.topk(wanted, sorted=False).values.sum()
    localization = F.smooth_l1_loss(offsets[positive], targets[positive], reduction="sum")
    return DetectionLoss(classification / count, localization / count)
