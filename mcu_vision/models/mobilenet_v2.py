"""MobileNetV2 (Sandler et al., 2018, table 2), a network that others have squeezed into little RAM."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from mcu_vision.models.blocks import conv_bn, mbconv_stack, scale_channels
from mcu_vision.models.classifier_spec import ClassifierSpec

STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels at width 1, repeats, first stride."""


class MobileNetV2(nn.Module):
    """Image (N, 3, size, size) in [0, 1] to logits (N, 2): no person, person.

    widths: channels of the first convolution, of each of STAGES, and of the last convolution.
    """

    def __init__(self, size: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.spec = ClassifierSpec(size, size, 3, ("no person", "person"))
        inputs, *channels, last = widths
        layers = [conv_bn(3, inputs, 3, 2)]
        for outputs, (expansion, _, repeats, stride) in zip(channels, STAGES, strict=True):
            layers.append(mbconv_stack(inputs, outputs, repeats, stride, expansion))
            inputs = outputs
        layers.append(conv_bn(inputs, last, 1))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(last, 2)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.features(x).mean((2, 3)))
        return logits


def mobilenet_v2(size: int = 144, width: float = 0.35) -> MobileNetV2:
    """The network of a `width` up to 1, whose last convolution keeps its 1280 channels."""
    scaled = [scale_channels(channels * width) for channels in (32, *(stage[1] for stage in STAGES))]
    return MobileNetV2(size, [*scaled, 1280])
