"""Learning to say whether a person is in view."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class WakeWordTask:
    """Cross-entropy of two logits against (images uint8 (N, 3, H, W), probability of a person (N,))."""

    loss_names: tuple[str, ...] = ("loss",)

    def loss(self, model: nn.Module, batch: Sequence[Tensor]) -> Sequence[Tensor]:
        """The one part."""
        images, targets = batch
        logits = model((images.float() / 255).contiguous(memory_format=torch.channels_last))
        return (F.binary_cross_entropy_with_logits(logits[:, 1] - logits[:, 0], targets),)
