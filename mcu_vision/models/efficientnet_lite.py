"""EfficientNet-Lite: no squeeze-and-excitation, ReLU6, stem and head not scaled (after Tan and Le, 2019)."""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor, nn

from mcu_vision.models.blocks import MBConv, conv_bn, scale_channels
from mcu_vision.models.classifier_spec import ClassifierSpec

STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
"""Expansion, channels, repeats, first stride, kernel (EfficientNet-B0, table 1)."""
STEM, HEAD = 32, 1280
SCALES = {0: (1.0, 1.0, 224), 1: (1.0, 1.1, 240), 2: (1.1, 1.2, 260), 3: (1.2, 1.4, 280), 4: (1.4, 1.8, 300)}
"""Width, depth, side of the image of Lite0 to Lite4."""


class EfficientNetLite(nn.Module):
    """Image (N, 3, size, size) in [0, 1] to logits; `features` gives the maps of each stage.

    width, depth: factors of channels and repeats. size: side of the image.
    """

    def __init__(self, width: float = 1.0, depth: float = 1.0, size: int = 224, classes: int = 1000) -> None:
        super().__init__()
        self.spec = ClassifierSpec(size, size, 3, tuple(f"class {i}" for i in range(classes)))
        self.stem = conv_bn(3, STEM, 3, 2)
        stages, inputs = [], STEM
        for index, (expansion, channels, repeats, stride, kernel) in enumerate(STAGES):
            outputs = scale_channels(channels * width)
            # The first and the last stage keep their depth.
            count = repeats if index in (0, len(STAGES) - 1) else ceil(repeats * depth)
            blocks = [MBConv(inputs, outputs, stride, expansion, kernel)]
            blocks += [MBConv(outputs, outputs, 1, expansion, kernel) for _ in range(count - 1)]
            stages.append(nn.Sequential(*blocks))
            inputs = outputs
        self.stages = nn.ModuleList(stages)
        self.head = conv_bn(inputs, HEAD, 1)
        self.classifier = nn.Linear(HEAD, classes)

    def features(self, x: Tensor) -> list[Tensor]:
        """The map of each stage, at strides 2, 4, 8, 16, 16, 32, 32."""
        maps = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(torch.mean(self.head(self.features(x)[-1]), (2, 3)))
        return logits


def efficientnet_lite(number: int = 0) -> EfficientNetLite:
    """Lite0 to Lite4."""
    width, depth, size = SCALES[number]
    return EfficientNetLite(width, depth, size)
