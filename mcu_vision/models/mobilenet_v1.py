"""MobileNetV1 of width 0.25 for wake words: the network of MLPerf Tiny (Banbury et al., 2021, table 1)."""

from __future__ import annotations

from torch import Tensor, nn

from mcu_vision.models.blocks import conv_bn, friendly_separable, separable
from mcu_vision.models.classifier_spec import ClassifierSpec

FIRST_CHANNELS = 8
LAYERS = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *(((128, 1),) * 5), (256, 2), (256, 1))
"""Channels and stride of each separable layer (Howard et al., MobileNets, 2017, table 1, times 0.25)."""


class MobileNetV1(nn.Module):
    """Image (N, 3, size, size) in [0, 1] to logits (N, 2): no person, person.

    As the benchmark's network but for ReLU6 in place of ReLU, and for strided windows that begin one pixel
    above and left of the map instead of on it; shapes and multiply-accumulates are the same.

    friendly: the quantisation-friendly separable convolution of Sheng et al. (2018, arXiv 1803.08607, figure 3c):
    nothing between the depthwise and the 1x1 convolution, and ReLU in place of ReLU6. A depthwise channel that is
    nearly zero can then not be blown up by batch norm, which would leave the other channels few of 256 steps.
    """

    def __init__(self, size: int = 96, friendly: bool = False) -> None:
        super().__init__()
        self.spec = ClassifierSpec(size, size, 3, ("no person", "person"))
        layers = [conv_bn(3, FIRST_CHANNELS, 3, 2)]
        inputs = FIRST_CHANNELS
        for outputs, stride in LAYERS:
            layers.append((friendly_separable if friendly else separable)(inputs, outputs, stride))
            inputs = outputs
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(inputs, 2)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x).mean((2, 3)))
        return logits
