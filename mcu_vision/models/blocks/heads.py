"""What turns maps into boxes and classes; all maps are (N, C, H, W)."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcu_vision.models.blocks.convolutions import Norm, conv_bn, separable


class L2Norm(nn.Module):
    """Each pixel's vector scaled to length 1, then by a learned factor a channel (ParseNet, section 3.3)."""

    def __init__(self, channels: int, scale: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((1, channels, 1, 1), scale))

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x, dim=1) * self.scale


class DetectionHead(nn.Module):
    """Convolutions to 4 box offsets and background_logits + 1 class logits a cell.

    l2_scale: starting factor of an L2Norm in front (None: none). halve_to: channels of a 3x3 convolution of
    stride 2 ahead of each of the two (None: none).
    """

    def __init__(
        self,
        inputs: int,
        background_logits: int,
        l2_scale: float | None,
        kernel: int = 3,
        halve_to: int | None = None,
    ) -> None:
        super().__init__()
        self.norm: nn.Module = nn.Identity() if l2_scale is None else L2Norm(inputs, l2_scale)
        self.loc = _predictor(inputs, 4, kernel, halve_to)
        self.conf = _predictor(inputs, background_logits + 1, kernel, halve_to)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.norm(x)
        return self.loc(x), self.conf(x)


def _predictor(inputs: int, outputs: int, kernel: int, halve_to: int | None) -> nn.Module:
    if halve_to is None:
        return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    return nn.Sequential(conv_bn(inputs, halve_to, 3, 2), nn.Conv2d(halve_to, outputs, kernel, padding=kernel // 2))


class SsdLiteHead(nn.Module):
    """Depthwise 3x3 with batch norm and ReLU6, then 1x1, for boxes and for classes (MobileNetV2, section 6.2)."""

    def __init__(self, inputs: int, background_logits: int = 1) -> None:
        super().__init__()
        self.loc, self.conf = (
            nn.Sequential(conv_bn(inputs, inputs, 3, groups=inputs), nn.Conv2d(inputs, outputs, 1))
            for outputs in (4, background_logits + 1)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.loc(x), self.conf(x)


def tower(channels: int, depth: int, separated: bool, norm: Norm) -> nn.Sequential:
    """`depth` 3x3 convolutions at equal width; separated: a depthwise and a 1x1 one in place of each."""
    return nn.Sequential(
        *(
            separable(channels, channels, norm=norm) if separated else conv_bn(channels, channels, 3, norm=norm)
            for _ in range(depth)
        )
    )


RARE = 0.01
"""Probability of an object that a fresh head gives each anchor (RetinaNet, section 4.1): most are background."""


def scorer(channels: int, logits: int) -> nn.Conv2d:
    """3x3 to background logits and, last, the object's; its fresh bias says that objects are rare."""
    layer = nn.Conv2d(channels, logits, 3, padding=1)
    assert layer.bias is not None
    with torch.no_grad():
        layer.bias[:] = log(1 / RARE - 1) / 2
        layer.bias[-1] *= -1
    return layer


class AnchorHead(nn.Module):
    """Two towers on one map, and for each of `anchors` its own 3x3 predictors behind them.

    separated: layers of depthwise and 1x1 convolutions in place of regular ones. forward: a map of `channels` to the
    flat tuple (loc_0, conf_0, loc_1, ...), one pair an anchor, all of the map's size.
    """

    def __init__(
        self, channels: int, anchors: int, depth: int = 2, separated: bool = True, norm: Norm = "batch"
    ) -> None:
        super().__init__()
        self.loc_tower, self.conf_tower = (tower(channels, depth, separated, norm) for _ in range(2))
        self.loc = nn.ModuleList(nn.Conv2d(channels, 4, 3, padding=1) for _ in range(anchors))
        self.conf = nn.ModuleList(scorer(channels, 2) for _ in range(anchors))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        loc_map, conf_map = self.loc_tower(x), self.conf_tower(x)
        pairs = zip(self.loc, self.conf, strict=True)
        return tuple(part for loc, conf in pairs for part in (loc(loc_map), conf(conf_map)))


class TowerHead(nn.Module):
    """Towers of `depth` layers before each predictor, shared by all levels (RetinaNet, section 4).

    separated: layers of depthwise and 1x1 convolutions in place of regular ones. forward: maps of `channels` to the
    flat tuple (loc_0, conf_0, loc_1, ...).
    """

    def __init__(
        self, channels: int, depth: int = 4, background_logits: int = 1, separated: bool = False, norm: Norm = "batch"
    ) -> None:
        super().__init__()
        layers = (nn.Conv2d(channels, 4, 3, padding=1), scorer(channels, background_logits + 1))
        self.loc, self.conf = (nn.Sequential(*tower(channels, depth, separated, norm), layer) for layer in layers)

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return tuple(part(x) for x in maps for part in (self.loc, self.conf))
