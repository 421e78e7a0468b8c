"""Every block from torch to the same bytes in integers and C; shapes, parameters and work as published."""

from pathlib import Path

import pytest
import torch
from light_networks import BLOCKS, DETECTORS, NETWORKS, make_network, quantized
from models import BuiltModel, noise_images
from torch import nn

from mcu_vision.models import blocks
from mcu_vision.models.blocks import ShuffleUnit, asymmetric
from mcu_vision.models.efficientnet_lite import SCALES, efficientnet_lite
from mcu_vision.verify import verify_executions


@pytest.mark.parametrize("name", [*BLOCKS, *DETECTORS, *NETWORKS])
def test_host_code_equals_the_reference(name: str, tmp_path: Path) -> None:
    graph, folder = quantized(make_network(name), "block"), tmp_path
    runs = BuiltModel.generate(graph, folder).executions()
    images = noise_images(graph, 1)
    outcome = verify_executions(graph, runs, images)
    assert outcome.equal, outcome.first_difference
    outputs = [runs["reference"](images[0])[name] for name in graph.outputs]
    assert all(values.min() < values.max() for values in outputs), "a constant tensor compares nothing"


def test_every_block_is_tested() -> None:
    """What `models.blocks` offers as a module occurs in one of the networks here."""
    used = {type(module) for name in (*BLOCKS, *DETECTORS, *NETWORKS) for module in make_network(name).modules()}
    offered = {getattr(blocks, name) for name in blocks.__all__}
    assert {kind for kind in offered if isinstance(kind, type) and issubclass(kind, nn.Module)} <= used


def test_batch_norm_of_every_block_is_folded() -> None:
    graph = quantized(make_network("shuffle"), "block")
    assert [op.kind for op in graph.ops].count("depthwise_conv2d") == 3
    assert "group_norm" not in [op.kind for op in graph.ops]


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
