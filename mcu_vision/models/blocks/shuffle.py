"""Units that split, shuffle and join channels; all maps are (N, C, H, W)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcu_vision.models.blocks.convolutions import conv_bn


class ShuffleUnit(nn.Module):
    """A unit of ShuffleNetV2 (Ma et al., 2018, figure 3c and 3d); kernel 5 is ThunderNet's (Qin et al., 2019).

    Stride 1: half of the channels pass, the other half goes through 1x1, depthwise, 1x1. Stride 2: both halves of the
    outputs are made from all inputs. Then channels are shuffled in two groups.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, kernel: int = 3) -> None:
        super().__init__()
        if outputs % 2 or (stride == 1 and inputs != outputs):
            raise ValueError("a shuffle unit needs an even number of outputs, and as many inputs at stride 1")
        half = outputs // 2
        source = inputs if stride > 1 else half
        self.branch = nn.Sequential(
            conv_bn(source, half, 1),
            conv_bn(half, half, kernel, stride, groups=half, relu6=False),
            conv_bn(half, half, 1),
        )
        self.shortcut: nn.Module | None = None
        if stride > 1:
            self.shortcut = nn.Sequential(
                conv_bn(inputs, inputs, kernel, stride, groups=inputs, relu6=False), conv_bn(inputs, half, 1)
            )

    def forward(self, x: Tensor) -> Tensor:
        if self.shortcut is None:
            kept, worked = x.chunk(2, 1)
            joined = torch.cat([kept, self.branch(worked)], 1)
        else:
            joined = torch.cat([self.shortcut(x), self.branch(x)], 1)
        return F.channel_shuffle(joined, 2)


def shuffle_stack(inputs: int, outputs: int, repeats: int, kernel: int = 3) -> nn.Sequential:
    """`repeats` units, of which the first halves the map."""
    units = [ShuffleUnit(inputs, outputs, 2, kernel)]
    units += [ShuffleUnit(outputs, outputs, 1, kernel) for _ in range(repeats - 1)]
    return nn.Sequential(*units)
