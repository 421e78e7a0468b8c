"""EfficientNet-Lite: no squeeze-and-excitation, ReLU6, stem and head not scaled (after Tan and Le, 2019)."""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor, nn

from mcu_vision.models.blocks import MBConv, conv_bn, scale_channels
from mcu_vision.models.classifier_spec import ClassifierSpec
from mcu_vision.models.rnnpool import RNNPool
from mcu_vision.models.staged_backbone import StagedBackbone

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
POOLED = 8
"""Channels into an RNNPool as the stem, and units of its cells; a quarter of those out of it."""
SCALES = {0: (1.0, 1.0, 224), 1: (1.0, 1.1, 240), 2: (1.1, 1.2, 260), 3: (1.2, 1.4, 280), 4: (1.4, 1.8, 300)}
"""Width, depth, side of the image of Lite0 to Lite4."""


class LiteBackbone(StagedBackbone):
    """The convolutions of EfficientNet-Lite up to its last stage, maps at strides 2, 4, 8, 16, 16, 32 and 32.

    width, depth: factors of channels and repeats. stem: channels of the first convolution. pool: an RNNPool in place of
    the first two stages, whose maps are then missing: it takes the stem's map from stride 2 to 8.
    """

    def __init__(self, width: float = 1.0, depth: float = 1.0, stem: int = STEM, pool: bool = False) -> None:
        super().__init__()
        inputs = stem
        self.stem = conv_bn(3, stem, 3, 2)
        if pool:
            summary = RNNPool(POOLED, POOLED, POOLED, patch=8, stride=4, replicate_last=True)
            self.stem = nn.Sequential(conv_bn(3, POOLED, 3, 2), summary)
            inputs = summary.out_channels
        stages = []
        self.channels: list[int] = []
        for index, (expansion, channels, repeats, stride, kernel) in enumerate(STAGES):
            if pool and index < 2:
                continue
            outputs = scale_channels(channels * width)
            # The first and the last stage keep their depth.
            count = repeats if index in (0, len(STAGES) - 1) else ceil(repeats * depth)
            first = 1 if pool and index == 2 else stride
            blocks = [MBConv(inputs, outputs, first, expansion, kernel)]
            blocks += [MBConv(outputs, outputs, 1, expansion, kernel) for _ in range(count - 1)]
            stages.append(nn.Sequential(*blocks))
            self.channels.append(outputs)
            inputs = outputs
        self.stages = nn.ModuleList(stages)


class EfficientNetLite(LiteBackbone):
    """Image (N, 3, size, size) in [0, 1] to logits.

    width, depth, pool: as of the backbone. size: side of the image.
    """

    def __init__(
        self, width: float = 1.0, depth: float = 1.0, size: int = 224, classes: int = 1000, pool: bool = False
    ) -> None:
        super().__init__(width, depth, pool=pool)
        self.spec = ClassifierSpec(size, size, 3, tuple(f"class {i}" for i in range(classes)))
        self.head = conv_bn(self.channels[-1], HEAD, 1)
        self.classifier = nn.Linear(HEAD, classes)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(torch.mean(self.head(self.features(x)[-1]), (2, 3)))
        return logits


def efficientnet_lite(number: int = 0) -> EfficientNetLite:
    """Lite0 to Lite4."""
    width, depth, size = SCALES[number]
    return EfficientNetLite(width, depth, size)
