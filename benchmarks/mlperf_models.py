"""Networks of the MLPerf Tiny benchmark (Banbury et al., 2021) that are not of this package, for its figures.

Shapes and multiply-accumulates are the benchmark's; ReLU6 stands in for ReLU, and strided windows begin as PyTorch's
do. Their weights here are random.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mcu_vision.models.blocks import conv_bn, separable
from mcu_vision.models.classifier_spec import ClassifierSpec


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut, 1x1 where shapes differ (He et al., 2016, figure 2)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(conv_bn(inputs, outputs, 3, stride), conv_bn(outputs, outputs, 3, relu6=False))
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride) if stride != 1 or inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return torch.clamp(self.layers(x) + self.shortcut(x), 0, 6)


class ResNet8(nn.Module):
    """Image classification: image (N, 3, 32, 32) to logits (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.spec = ClassifierSpec(32, 32, 3, tuple(f"class {i}" for i in range(10)))
        blocks = (ResidualBlock(16, 16, 1), ResidualBlock(16, 32, 2), ResidualBlock(32, 64, 2))
        self.features = nn.Sequential(conv_bn(3, 16, 3), *blocks)
        self.classifier = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x).mean((2, 3)))
        return logits


class DsCnn(nn.Module):
    """Keyword spotting: spectrogram (N, 1, 49, 10) to logits (N, 12)."""

    def __init__(self) -> None:
        super().__init__()
        self.spec = ClassifierSpec(10, 49, 1, tuple(f"word {i}" for i in range(12)))
        first = nn.Sequential(
            nn.ZeroPad2d((1, 1, 4, 5)), nn.Conv2d(1, 64, (10, 4), 2, bias=False), nn.BatchNorm2d(64), nn.ReLU6()
        )
        self.features = nn.Sequential(first, *(separable(64, 64) for _ in range(4)))
        self.classifier = nn.Linear(64, 12)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x).mean((2, 3)))
        return logits
