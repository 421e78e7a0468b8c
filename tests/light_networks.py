"""Every block of the lab behind a convolution, small detectors of its necks and heads, and its models made small."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from random_models import measure_batch_norm
from torch import Tensor, nn

from mcu_vision.frontends.torch_export import export_graph
from mcu_vision.ir import Graph
from mcu_vision.models import detector as detectors
from mcu_vision.models.blocks import (
    AnchorHead,
    DetectionHead,
    FeaturePyramid,
    FusedMBConv,
    LightNeck,
    MBConv,
    ShuffleUnit,
    SsdLiteHead,
    TowerHead,
    Tucker,
    asymmetric,
    conv_bn,
    separable,
    shuffle_stack,
)
from mcu_vision.models.card_det import Bottleneck, ThinBlock, card_det, retinanet_r50
from mcu_vision.models.cht_det import cht_det_mcu
from mcu_vision.models.classifier_spec import ClassifierSpec
from mcu_vision.models.efficientnet_lite import EfficientNetLite
from mcu_vision.models.rnnpool import RNNPool
from mcu_vision.quantize import quantize_graph

SIDE = 16
BLOCKS: dict[str, Callable[[], nn.Module]] = {
    "inverted bottleneck": lambda: nn.Sequential(MBConv(8, 8, 1, 3), MBConv(8, 12, 2, 3, 5)),
    "fused inverted bottleneck": lambda: nn.Sequential(FusedMBConv(8, 8, 1, 3), FusedMBConv(8, 12, 2, 2, 5)),
    "tucker": lambda: nn.Sequential(Tucker(8, 8, 1), Tucker(8, 12, 2, 0.5, 0.5)),
    "shuffle": lambda: nn.Sequential(ShuffleUnit(8, 8, 1), ShuffleUnit(8, 16, 2)),
    "snet": lambda: shuffle_stack(8, 16, 3, 5),
    "dilated stem": lambda: separable(8, 12, dilation=2),
    "asymmetric": lambda: asymmetric(8, 12, 5, 2),
    "group normalisation": lambda: nn.Sequential(conv_bn(8, 16, 3, norm="group"), conv_bn(16, 6, 1, norm="group")),
    "thin residual block": lambda: nn.Sequential(ThinBlock(8, 8, 1, "group"), ThinBlock(8, 12, 2, "group")),
    "heavy residual block": lambda: nn.Sequential(Bottleneck(8, 4, 2, "batch"), Bottleneck(16, 4, 1, "batch")),
    "pool as the stem": lambda: RNNPool(8, 8, 8, patch=8, stride=4, replicate_last=True),
    "normalised head": lambda: DetectionHead(8, 3, 10.0),
}


class Behind(nn.Module):
    """A block behind a convolution of the image, which it does not read itself."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.spec = ClassifierSpec(SIDE, SIDE, 3, ())
        self.stem, self.block = conv_bn(3, 8, 3), block

    def forward(self, x: Tensor) -> Tensor:
        return self.block(self.stem(x))


class Detector(nn.Module):
    """Three maps of a small backbone, a neck, heads."""

    def __init__(self, neck: nn.Module, heads: nn.Module) -> None:
        super().__init__()
        self.spec = ClassifierSpec(32, 32, 3, ())
        self.stages = nn.ModuleList([conv_bn(3, 8, 3, 2), conv_bn(8, 12, 3, 2), conv_bn(12, 16, 3, 2)])
        self.neck, self.heads = neck, heads

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return self.heads(self.neck(maps))


DETECTORS: dict[str, Callable[[], nn.Module]] = {
    "pyramid and towers": lambda: Detector(FeaturePyramid([8, 12, 16], 8), TowerHead(8, 2)),
    "light neck and SSDLite": lambda: Detector(LightNeck([8, 12, 16], 8), SsdLiteHead(8)),
    "light neck and separable head": lambda: Detector(LightNeck([8, 12, 16], 8, level=0), AnchorHead(8, 2, 1)),
    "light neck and regular head": lambda: Detector(LightNeck([8, 12, 16], 8), AnchorHead(8, 2, 1, separated=False)),
    "pyramid and separable towers": lambda: Detector(
        FeaturePyramid([8, 12, 16], 8, "group"), TowerHead(8, 1, separated=True, norm="group")
    ),
}


def quantized(module: nn.Module, name: str) -> Graph:
    """int8, with ranges and statistics of noise."""
    spec: Any = module.spec
    images = np.random.default_rng(0).integers(0, 256, (4, spec.height, spec.width, 3), np.uint8)
    measure_batch_norm(module, images)
    graph = export_graph(module, torch.zeros(1, 3, spec.height, spec.width), name)
    return quantize_graph(graph, [(images / 255).astype(np.float32)])


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "efficientnet-lite": lambda: EfficientNetLite(0.25, 0.5, 32, 3),
    "efficientnet-lite, pooled": lambda: EfficientNetLite(0.25, 0.5, 64, 3, pool=True),
    "cht-det": lambda: smaller(cht_det_mcu()),
    "cht-det, pooled": lambda: smaller(cht_det_mcu(pool=True)),
    "cht-det's twin": lambda: smaller(cht_det_mcu(light_neck=False, separable_head=False)),
    "card-det": lambda: smaller(card_det()),
    "card-det, pooled": lambda: smaller(card_det(pool=True)),
    "card-det's teacher": lambda: smaller(retinanet_r50(0.0625)),
}
"""The lab's models, small enough for the default tests."""


class Branches(nn.Module):
    """Every block at once, each behind the same convolution: one firmware for all."""

    def __init__(self) -> None:
        super().__init__()
        self.spec = ClassifierSpec(SIDE, SIDE, 3, ())
        self.stem = conv_bn(3, 8, 3)
        self.blocks = nn.ModuleList(make() for make in BLOCKS.values())

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.stem(x)
        maps = (block(x) for block in self.blocks)
        return tuple(y for part in maps for y in (part if isinstance(part, tuple) else (part,)))


class Necks(nn.Module):
    """Every neck and head at once, on the maps of one backbone."""

    def __init__(self) -> None:
        super().__init__()
        self.spec = ClassifierSpec(32, 32, 3, ())
        parts = [make() for make in DETECTORS.values()]
        self.stages = parts[0].stages
        self.parts = nn.ModuleList(nn.ModuleList([part.neck, part.heads]) for part in parts)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return tuple(y for neck, heads in self.parts for y in heads(neck(maps)))


def smaller(model: detectors.Detector) -> nn.Module:
    """The same network for an image of 64x64."""
    model.spec = replace(model.spec, width=64, height=64)
    return model


def make_network(name: str) -> nn.Module:
    """The block behind a convolution, the detector or the network of that name, with weights of a fixed seed."""
    torch.manual_seed(0)
    if name == "all blocks":
        return Branches()
    if name == "all necks and heads":
        return Necks()
    if name in BLOCKS:
        return Behind(BLOCKS[name]())
    return (DETECTORS | NETWORKS)[name]()
