"""What turns maps into boxes and classes; all maps are (N, C, H, W)."""

from __future__ import annotations

from collections.abc import Sequence

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


class TowerHead(nn.Module):
    """Towers of `depth` layers before each predictor, shared by all levels (RetinaNet, section 4).

    separated: layers of depthwise and 1x1 convolutions in place of regular ones. forward: maps of `channels` to the
    flat tuple (loc_0, conf_0, loc_1, ...).
    """

    def __init__(
        self, channels: int, depth: int = 4, background_logits: int = 1, separated: bool = False, norm: Norm = "batch"
    ) -> None:
        super().__init__()

        def tower(outputs: int) -> nn.Sequential:
            layers = [
                separable(channels, channels, norm=norm) if separated else conv_bn(channels, channels, 3, norm=norm)
                for _ in range(depth)
            ]
            return nn.Sequential(*layers, nn.Conv2d(channels, outputs, 3, padding=1))

        self.loc, self.conf = tower(4), tower(background_logits + 1)

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        return tuple(part(x) for x in maps for part in (self.loc, self.conf))
