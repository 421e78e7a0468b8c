"""Every block from torch to the same bytes in integers and C; shapes, parameters and work as published."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from models import BuiltModel, noise_images
from random_models import measure_batch_norm
from torch import Tensor, nn

from mcu_vision.frontends.torch_export import export_graph
from mcu_vision.ir import Graph
from mcu_vision.models.blocks import (
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
from mcu_vision.models.classifier_spec import ClassifierSpec
from mcu_vision.models.efficientnet_lite import SCALES, EfficientNetLite, efficientnet_lite
from mcu_vision.quantize import quantize_graph
from mcu_vision.verify import verify_executions

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
    "pyramid and separable towers": lambda: Detector(
        FeaturePyramid([8, 12, 16], 8, "group"), TowerHead(8, 1, separated=True, norm="group")
    ),
}


def quantized(module: nn.Module, name: str) -> Graph:
    """int8, with ranges and statistics of noise."""
    spec = module.spec
    assert isinstance(spec, ClassifierSpec)
    images = np.random.default_rng(0).integers(0, 256, (4, spec.height, spec.width, 3), np.uint8)
    measure_batch_norm(module, images)
    graph = export_graph(module, torch.zeros(1, 3, spec.height, spec.width), name)
    return quantize_graph(graph, [(images / 255).astype(np.float32)])


def check(module: nn.Module, folder: Path) -> None:
    graph = quantized(module, "block")
    runs = BuiltModel.generate(graph, folder).executions()
    images = noise_images(graph, 1)
    outcome = verify_executions(graph, runs, images)
    assert outcome.equal, outcome.first_difference
    outputs = [runs["reference"](images[0])[name] for name in graph.outputs]
    assert all(values.min() < values.max() for values in outputs), "a constant tensor compares nothing"


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    check(Behind(BLOCKS[name]()), tmp_path)


@pytest.mark.parametrize("name", DETECTORS)
def test_detectors(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    check(DETECTORS[name](), tmp_path)


def test_batch_norm_of_every_block_is_folded() -> None:
    graph = quantized(Behind(BLOCKS["shuffle"]()), "block")
    assert [op.kind for op in graph.ops].count("depthwise_conv2d") == 3
    assert "group_norm" not in [op.kind for op in graph.ops]


def test_small_efficientnet(tmp_path: Path) -> None:
    torch.manual_seed(0)
    check(EfficientNetLite(0.25, 0.5, 32, 3), tmp_path)


@pytest.mark.parametrize(("number", "millions"), [(0, 4.65), (1, 5.42), (2, 6.09), (3, 8.20), (4, 13.01)])
def test_parameters_of_efficientnet_lite_are_the_published_ones(number: int, millions: float) -> None:
    """Of the model zoo's table, which counts what batch norm learns and keeps."""
    with torch.device("meta"):
        model = efficientnet_lite(number)
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(millions * 1e6, rel=0.01)
    assert model.spec.width == SCALES[number][2]


def test_shuffle_units_do_the_work_of_the_paper() -> None:
    """At equal channels 1x1, depthwise 3x3 and 1x1 of half of them (ShuffleNetV2, section 3)."""
    unit = ShuffleUnit(116, 116, 1)
    weights = sum(m.weight.numel() for m in unit.modules() if isinstance(m, nn.Conv2d))
    assert weights == 58 * 58 + 9 * 58 + 58 * 58
    with pytest.raises(ValueError, match="even number"):
        ShuffleUnit(8, 9, 2)


def test_an_asymmetric_convolution_needs_two_fifths_of_the_products() -> None:
    weights = sum(m.weight.numel() for m in asymmetric(8, 8).modules() if isinstance(m, nn.Conv2d))
    assert weights == 2 * 5 * 8 * 8
