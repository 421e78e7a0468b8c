"""What joins maps of several sizes before the heads; all maps are (N, C, H, W), the largest first."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcu_vision.models.blocks.convolutions import Norm, conv_bn


class FeaturePyramid(nn.Module):
    """Each map gets what the smaller ones know (Lin et al., Feature Pyramid Networks, 2017, section 3).

    1x1 to `outputs`, plus the next smaller result enlarged to the nearest pixel, then 3x3.
    """

    def __init__(self, inputs: Sequence[int], outputs: int, norm: Norm = "batch") -> None:
        super().__init__()
        self.lateral = nn.ModuleList(conv_bn(c, outputs, 1, relu6=False, norm=norm) for c in inputs)
        self.smooth = nn.ModuleList(conv_bn(outputs, outputs, 3, norm=norm) for _ in inputs)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        merged: list[Tensor] = []
        for lateral, x in zip(reversed(self.lateral), reversed(maps), strict=True):
            y = lateral(x)
            merged.append(y + F.interpolate(merged[-1], size=y.shape[2:]) if merged else y)
        return [smooth(x) for smooth, x in zip(self.smooth, reversed(merged), strict=True)]


class LightNeck(nn.Module):
    """All maps resized to the size of one of them, and one 1x1 convolution to a common width; nothing else.

    level: whose size. Its result serves every head.
    """

    def __init__(self, inputs: Sequence[int], outputs: int, level: int = 1, norm: Norm = "batch") -> None:
        super().__init__()
        self.level = level
        self.join = conv_bn(sum(inputs), outputs, 1, norm=norm)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        size = maps[self.level].shape[2:]
        resized = [x if x.shape[2:] == size else F.interpolate(x, size=size, mode="bilinear") for x in maps]
        joined: Tensor = self.join(torch.cat(resized, 1))
        return joined
