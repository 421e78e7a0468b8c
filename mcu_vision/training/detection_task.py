"""Learning to mark faces."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from mcu_vision.training.detection_loss import detection_loss


class DetectionTask:
    """Loss of a detector on (images uint8 (N, C, H, W), labels (N, A), box targets (N, A, 4))."""

    loss_names: tuple[str, ...] = ("classification_loss", "localization_loss")

    def loss(self, model: nn.Module, batch: Sequence[Tensor]) -> Sequence[Tensor]:
        """Classification and localisation."""
        images, labels, targets = batch
        return detection_loss(model(images.float() / 255), labels, targets)
