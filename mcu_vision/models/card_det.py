"""One-class RetinaNets for ID cards: a thin one for the board, and a heavy one that labels photos for it.

After Lin et al., "Focal Loss for Dense Object Detection" (RetinaNet), ICCV 2017, and He et al., "Deep Residual
Learning", CVPR 2016, with group normalisation (Wu and He, 2018). Thin: few channels, an activation only between the two
convolutions of a block, a shortcut only where the shape stays (ShuffleNetV2's guidelines on element-wise work).
"""

from __future__ import annotations

from torch import Tensor, nn

from mcu_vision.models.blocks import FeaturePyramid, Norm, TowerHead, conv_bn
from mcu_vision.models.detector import NeckDetector
from mcu_vision.models.detector_spec import DetectorLevel, DetectorSpec
from mcu_vision.models.rnnpool import RNNPool
from mcu_vision.models.staged_backbone import StagedBackbone

WIDTH, HEIGHT = 160, 128
LEVELS = (DetectorLevel(8, 28.0), DetectorLevel(16, 56.0), DetectorLevel(32, 112.0))
"""A card is 1.59 times as wide as high, and turned: a square anchor an octave matches it in any direction."""
THIN_CHANNELS = (8, 16, 32, 48, 64)
"""Of the stem, and of the stages at strides 4, 8, 16 and 32."""
RESNET50 = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Inner channels and blocks of each stage (He et al., table 1)."""


def card_spec(width: int = WIDTH, height: int = HEIGHT) -> DetectorSpec:
    """RGB, levels at strides 8, 16 and 32."""
    return DetectorSpec(width=width, height=height, channels=3, levels=LEVELS)


class ThinBlock(nn.Module):
    """Two 3x3 convolutions, an activation only between them; adds its input if the shape stays the same."""

    def __init__(self, inputs: int, outputs: int, stride: int, norm: Norm) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            conv_bn(inputs, outputs, 3, stride, norm=norm), conv_bn(outputs, outputs, 3, relu6=False, norm=norm)
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class ThinBackbone(StagedBackbone):
    """One block a stage, its maps at strides 4, 8, 16 and 32.

    pool: an RNNPool takes the stem's map from stride 2 to 8, in place of a stage; the first map is then at stride 8.
    """

    def __init__(self, channels: tuple[int, ...] = THIN_CHANNELS, norm: Norm = "group", pool: bool = False) -> None:
        super().__init__()
        stem, *widths = channels
        self.stem = conv_bn(3, stem, 3, 2, norm=norm)
        inputs = stem
        if pool:
            summary = RNNPool(stem, 8, 8, patch=8, stride=4, replicate_last=True)
            self.stem = nn.Sequential(self.stem, summary)
            inputs, widths = summary.out_channels, widths[1:]
        stages = []
        for index, outputs in enumerate(widths):
            stages.append(ThinBlock(inputs, outputs, 1 if pool and index == 0 else 2, norm))
            inputs = outputs
        self.stages = nn.ModuleList(stages)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 to four times the inner channels, a shortcut always (He et al., figure 5)."""

    def __init__(self, inputs: int, inner: int, stride: int, norm: Norm) -> None:
        super().__init__()
        outputs = 4 * inner
        self.layers = nn.Sequential(
            conv_bn(inputs, inner, 1, norm=norm),
            conv_bn(inner, inner, 3, stride, norm=norm),
            conv_bn(inner, outputs, 1, relu6=False, norm=norm),
        )
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else conv_bn(inputs, outputs, 1, stride, relu6=False, norm=norm)
        self.activation = nn.ReLU6()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.activation(self.layers(x) + self.shortcut(x))
        return y


class ResNet50(StagedBackbone):
    """Up to its last stage, maps at strides 4, 8, 16 and 32; width: factor of all channels."""

    def __init__(self, width: float = 1.0, norm: Norm = "batch") -> None:
        super().__init__()
        inputs = round(64 * width)
        self.stem = nn.Sequential(conv_bn(3, inputs, 7, 2, norm=norm), nn.MaxPool2d(3, 2, 1))
        stages = []
        for index, (channels, count) in enumerate(RESNET50):
            inner = round(channels * width)
            blocks = []
            for block in range(count):
                blocks.append(Bottleneck(inputs, inner, 2 if index and not block else 1, norm))
                inputs = 4 * inner
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)


def card_det(pool: bool = False) -> NeckDetector:
    """The thin one, with fresh weights; pool: an RNNPool as the stem."""
    neck = FeaturePyramid(THIN_CHANNELS[-3:], 32, "group")
    head = TowerHead(32, 1, norm="group")
    return NeckDetector(card_spec(), ThinBackbone(pool=pool), neck, head, (-3, -2, -1))


def retinanet_r50(width: float = 1.0, size: tuple[int, int] = (WIDTH, HEIGHT)) -> NeckDetector:
    """The heavy one, RetinaNet on ResNet-50, with fresh weights; width: factor of all channels."""
    backbone = ResNet50(width)
    pyramid = round(256 * width)
    neck = FeaturePyramid([round(channels * width) * 4 for channels, _ in RESNET50[1:]], pyramid)
    return NeckDetector(card_spec(*size), backbone, neck, TowerHead(pyramid, 4), (-3, -2, -1))


def card_teacher() -> NeckDetector:
    """The heavy one at a quarter of its width: what labels photos for the thin one."""
    return retinanet_r50(0.25)
