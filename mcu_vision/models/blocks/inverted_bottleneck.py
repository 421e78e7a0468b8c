"""Inverted bottlenecks and their regular relatives; all maps are (N, C, H, W)."""

from __future__ import annotations

from torch import Tensor, nn

from mcu_vision.models.blocks.convolutions import conv_bn


class MBConv(nn.Module):
    """Inverted bottleneck (Sandler et al., MobileNetV2, 2018, section 3.3).

    1x1 to expansion*inputs, KxK depthwise, 1x1 to outputs without activation; adds its input if the shape
    stays the same. An expansion of 1 has no first convolution.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int, kernel: int = 3) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers: list[nn.Module] = [] if expansion == 1 else [conv_bn(inputs, hidden, 1)]
        layers.append(conv_bn(hidden, hidden, kernel, stride, groups=hidden))
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


class FusedMBConv(nn.Module):
    """One regular convolution in place of the expansion and the depthwise one (MobileDets, section 3.2.1: fused IBN).

    KxK to expansion*inputs, 1x1 to outputs without activation; adds its input if the shape stays the same.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int, kernel: int = 3) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.layers = nn.Sequential(conv_bn(inputs, hidden, kernel, stride), conv_bn(hidden, outputs, 1, relu6=False))
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class Tucker(nn.Module):
    """1x1 down, KxK regular, 1x1 up: a convolution in Tucker form (MobileDets, section 3.2.2).

    The inner channels are the ratios `compress` of the inputs and `expand` of the outputs.
    """

    def __init__(
        self, inputs: int, outputs: int, stride: int, compress: float = 0.25, expand: float = 0.75, kernel: int = 3
    ) -> None:
        super().__init__()
        low, high = max(1, round(inputs * compress)), max(1, round(outputs * expand))
        self.layers = nn.Sequential(
            conv_bn(inputs, low, 1), conv_bn(low, high, kernel, stride), conv_bn(high, outputs, 1, relu6=False)
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y
