"""Building blocks that the networks share; all maps are (N, C, H, W)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv_bn(
    inputs: int, outputs: int, kernel: int, stride: int = 1, *, groups: int = 1, relu6: bool = True
) -> nn.Sequential:
    """Convolution without bias (padded so that stride 1 keeps the size), batch norm and perhaps ReLU6."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    if relu6:
        layers.append(nn.ReLU6())
    return nn.Sequential(*layers)


def separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 depthwise, then 1x1 to `outputs` (Howard et al., MobileNets, 2017, table 1)."""
    return nn.Sequential(conv_bn(inputs, inputs, 3, stride, groups=inputs), conv_bn(inputs, outputs, 1))


class MBConv(nn.Module):
    """Inverted bottleneck (Sandler et al., MobileNetV2, 2018, section 3.3).

    1x1 to expansion*inputs, 3x3 depthwise, 1x1 to outputs without activation; adds its input if the shape
    stays the same. An expansion of 1 has no first convolution.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers: list[nn.Module] = [] if expansion == 1 else [conv_bn(inputs, hidden, 1)]
        layers.append(conv_bn(hidden, hidden, 3, stride, groups=hidden))
        layers.append(conv_bn(hidden, outputs, 1, relu6=False))
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


def mbconv_stack(inputs: int, outputs: int, repeats: int, stride: int, expansion: int) -> nn.Sequential:
    """`repeats` MBConv blocks, of which the first changes channels and stride."""
    blocks = [MBConv(inputs, outputs, stride, expansion)]
    blocks += [MBConv(outputs, outputs, 1, expansion) for _ in range(repeats - 1)]
    return nn.Sequential(*blocks)


def scale_channels(channels: float) -> int:
    """The nearest multiple of 8, at least 8 and not under nine tenths (Sandler et al., MobileNetV2)."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels else rounded + 8


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
