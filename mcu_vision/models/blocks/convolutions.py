"""Convolutions with normalisation and activation; all maps are (N, C, H, W)."""

from __future__ import annotations

from math import gcd
from typing import Literal

from torch import nn

Norm = Literal["batch", "group"]
"""Group normalisation does not depend on the size of the batch, which is small in detection."""
GROUPS = 8
"""The most groups of a group normalisation here."""


def normalization(channels: int, norm: Norm = "batch") -> nn.Module:
    """Of the batch, or of up to GROUPS groups of equal size."""
    return nn.BatchNorm2d(channels) if norm == "batch" else nn.GroupNorm(gcd(channels, GROUPS), channels)


def conv_bn(
    inputs: int,
    outputs: int,
    kernel: int | tuple[int, int],
    stride: int | tuple[int, int] = 1,
    *,
    groups: int = 1,
    dilation: int = 1,
    relu6: bool = True,
    norm: Norm = "batch",
) -> nn.Sequential:
    """Convolution without bias (padded so that stride 1 keeps the size), normalisation and perhaps ReLU6."""
    sides = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    padding = (sides[0] // 2 * dilation, sides[1] // 2 * dilation)
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, dilation=dilation, bias=False),
        normalization(outputs, norm),
    ]
    if relu6:
        layers.append(nn.ReLU6())
    return nn.Sequential(*layers)


def separable(inputs: int, outputs: int, stride: int = 1, *, dilation: int = 1, norm: Norm = "batch") -> nn.Sequential:
    """3x3 depthwise, then 1x1 to `outputs` (Howard et al., MobileNets, 2017, table 1).

    With a dilation of 2 it sees 5x5 pixels for the work of 3x3: a stem in place of a 5x5 convolution.
    """
    return nn.Sequential(
        conv_bn(inputs, inputs, 3, stride, groups=inputs, dilation=dilation, norm=norm),
        conv_bn(inputs, outputs, 1, norm=norm),
    )


def friendly_separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3x3 depthwise, directly followed by 1x1 with batch norm and ReLU (Sheng et al., 2018, arXiv 1803.08607)."""
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def asymmetric(inputs: int, outputs: int, kernel: int = 5, stride: int = 1) -> nn.Sequential:
    """Kx1, then 1xK: 2K products a value in place of K*K (Szegedy et al., Inception-v3, section 3.2)."""
    return nn.Sequential(
        conv_bn(inputs, outputs, (kernel, 1), (stride, 1)), conv_bn(outputs, outputs, (1, kernel), (1, stride))
    )


def scale_channels(channels: float) -> int:
    """The nearest multiple of 8, at least 8 and not under nine tenths (Sandler et al., MobileNetV2)."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels else rounded + 8
