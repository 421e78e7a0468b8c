"""Learning to mark faces, or whatever the boxes of a data set hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from mcu_vision.models.detector_spec import DetectorSpec
from mcu_vision.training.detection_loss import DetectionLoss, detection_loss
from mcu_vision.training.fused_loss import FusedLoss

Loss = Callable[[tuple[Tensor, ...], Tensor, Tensor], DetectionLoss]
LOSSES: dict[str, Callable[[DetectorSpec], Loss]] = {
    "separate": lambda spec: detection_loss,
    "fused": FusedLoss,
}
"""Losses of head maps, labels (N, A) and box targets (N, A, 4), by name, for the detector of a spec."""


class DetectionTask:
    """Loss of a detector on (images uint8 (N, C, H, W), labels (N, A), box targets (N, A, 4))."""

    loss_names: tuple[str, ...] = ("classification_loss", "localization_loss")

    def __init__(self, loss: Loss = detection_loss) -> None:
        self._loss = loss

    def loss(self, model: nn.Module, batch: Sequence[Tensor]) -> Sequence[Tensor]:
        """Classification and localisation."""
        images, labels, targets = batch
        return self._loss(model(images.float() / 255), labels, targets)
