"""MobileNetV2-0.35-RNNPool for wake words: is a person in view? (RNNPool paper, section 6.2, table 2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mcu_vision.models.blocks import conv_bn, mbconv_stack, scale_channels
from mcu_vision.models.classifier_spec import ClassifierSpec
from mcu_vision.models.rnnpool import RNNPool

STAGES = ((64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1))
"""Channels at width 1, repeats, first stride."""
LATE_STAGES = 2
"""How many of the last stages hold most of the weights."""
LAST_CHANNELS = 320


class WakeWordNet(nn.Module):
    """Image (N, 3, size, size) in [0, 1] to logits (N, 2): no person, person.

    pools: 1, or 2 for a last RNNPool over the whole final map in place of the average.
    size: input side in pixels, such that the final map is not empty (96..224).
    late_expansion: of the last LATE_STAGES, 6 as before them in the paper; 4 leaves 227 K of 282 K parameters.
    """

    def __init__(self, size: int = 224, width: float = 0.35, pools: int = 1, late_expansion: int = 6) -> None:
        super().__init__()
        self.spec = ClassifierSpec(size, size, 3, ("no person", "person"), softmax=True)
        pool = RNNPool(8, 8, 8, patch=6, stride=4, replicate_last=True)
        layers: list[nn.Module] = [conv_bn(3, 8, 3, 2), pool]
        inputs = pool.out_channels
        for index, (channels, repeats, stride) in enumerate(STAGES):
            outputs = scale_channels(channels * width)
            expansion = 6 if index < len(STAGES) - LATE_STAGES else late_expansion
            layers.append(mbconv_stack(inputs, outputs, repeats, stride, expansion))
            inputs = outputs
        layers.append(conv_bn(inputs, LAST_CHANNELS, 1))
        self.features = nn.Sequential(*layers)
        self.last_pool: RNNPool | None = None
        if pools == 2:
            quarter = LAST_CHANNELS // 4
            side = _final_side(size)
            self.last_pool = RNNPool(LAST_CHANNELS, quarter, quarter, patch=side, stride=1)
        self.classifier = nn.Linear(LAST_CHANNELS, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = x.mean((2, 3)) if self.last_pool is None else torch.flatten(self.last_pool(x), 1)
        logits: Tensor = self.classifier(x)
        return logits


def _final_side(size: int) -> int:
    pooled = ((size + 1) // 2 - 6) // 4 + 2
    for _, _, stride in STAGES:
        pooled = -(-pooled // stride)
    return pooled
