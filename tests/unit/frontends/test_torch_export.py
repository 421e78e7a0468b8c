"""Exported modules compute what torch computes."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcu_vision.frontends.torch_export import export_graph
from mcu_vision.ir import Graph
from mcu_vision.models.face_m4 import face_m4
from mcu_vision.models.rnnpool import RNNPool
from mcu_vision.ops import RnnPool
from mcu_vision.quantize import quantize_graph
from mcu_vision.reference import run_graph


def shuffle(x: Tensor, groups: int) -> Tensor:
    """As ShuffleNet's authors have it."""
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).contiguous().view(n, c, h, w)


class Compute(nn.Module):
    """`function` on the image, with `layers` as its modules."""

    def __init__(self, function: Callable[..., Any], *layers: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Any:
        return self.function(x, *self.layers)


def randomize(module: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.running_mean, 0, 0.2)
            nn.init.uniform_(part.running_var, 0.5, 2)
            if part.affine:
                nn.init.uniform_(part.weight, -1, 1)
                nn.init.normal_(part.bias)
    return module.eval()


def same_as_torch(module: nn.Module, shape: tuple[int, ...] = (1, 3, 12, 10)) -> Graph:
    randomize(module)
    torch.manual_seed(1)
    x = torch.rand(shape)
    graph = export_graph(module, torch.zeros(shape), "model")
    with torch.no_grad():
        expected = module(x)
    results = run_graph(graph, x.permute(0, 2, 3, 1).numpy())
    expected = expected if isinstance(expected, tuple) else (expected,)
    assert len(results) == len(expected)
    for result, value in zip(results.values(), expected, strict=True):
        nhwc = value.permute(0, 2, 3, 1) if value.dim() == 4 else value
        np.testing.assert_allclose(result.reshape(nhwc.shape), nhwc.numpy(), atol=1e-4)
    return graph


def kinds(graph: Graph) -> list[str]:
    return [op.kind for op in graph.ops]


CONVOLUTIONS = [
    nn.Conv2d(3, 5, 3),
    nn.Conv2d(3, 5, (3, 1), stride=(2, 1), padding=(1, 0)),
    nn.Conv2d(3, 5, 3, padding=2, dilation=2, bias=False),
    nn.Conv2d(3, 5, 4, padding="same"),
    nn.Conv2d(3, 5, 3, padding="valid"),
    nn.Conv2d(3, 3, 3, padding=1, groups=3),
    nn.Conv2d(3, 3, 3, stride=2, groups=3, bias=False),
    nn.Conv2d(3, 6, 3, groups=3),
]


@pytest.mark.parametrize("layer", CONVOLUTIONS, ids=str)
def test_convolutions(layer: nn.Module) -> None:
    graph = same_as_torch(nn.Sequential(layer))
    assert kinds(graph) in (["conv2d"], ["depthwise_conv2d"], ["select", "depthwise_conv2d"])
    assert graph.ops[0].name == "0"


TRANSPOSED = [
    nn.ConvTranspose2d(3, 5, 3, 2, padding=1, output_padding=1),
    nn.ConvTranspose2d(3, 5, 2, 2),
    nn.ConvTranspose2d(3, 5, (3, 4), (1, 2), dilation=(2, 1), bias=False),
    nn.ConvTranspose2d(3, 5, 2, 3, padding=1),
    nn.ConvTranspose2d(3, 5, 1),
]


@pytest.mark.parametrize("layer", TRANSPOSED, ids=str)
def test_transposed_convolutions(layer: nn.Module) -> None:
    assert kinds(same_as_torch(nn.Sequential(layer)))[-1] == "conv2d"


def test_grouped_convolutions_take_the_batch_norm_behind_them() -> None:
    module = nn.Sequential(nn.Conv2d(4, 6, 3, groups=2), nn.BatchNorm2d(6), nn.ReLU6())
    graph = same_as_torch(module, (1, 4, 9, 9))
    assert kinds(graph) == ["select", "conv2d", "select", "conv2d", "concat", "scale_channels", "requantize"]
    quantized = quantize_graph(graph, [np.random.default_rng(0).random((2, 9, 9, 4), np.float32)])
    assert "depthwise_conv2d" not in kinds(quantized)


POOLS = [
    nn.MaxPool2d(2),
    nn.MaxPool2d(3, 2, 1),
    nn.AvgPool2d((2, 3)),
    nn.AvgPool2d(3, 1, padding=1),
    nn.AvgPool2d(3, 2, padding=1, count_include_pad=False),
    nn.AdaptiveAvgPool2d((4, 5)),
    nn.AdaptiveMaxPool2d((4, 5)),
    nn.MaxPool2d(3, 2, ceil_mode=True),
    nn.MaxPool2d(4, 3, 1, ceil_mode=True),
    nn.AvgPool2d(3, 2, ceil_mode=True, count_include_pad=False),
    nn.AvgPool2d((3, 4), 2, ceil_mode=True),
]


@pytest.mark.parametrize("layer", POOLS, ids=str)
def test_pools(layer: nn.Module) -> None:
    # The shift makes negative values, for which padding with zeros is not the same as ignoring.
    same_as_torch(Compute(lambda x, pool: pool(x - 2), layer))


FUNCTIONS: list[tuple[str, Callable[..., Any]]] = [
    ("relu", lambda x: F.relu(x - 0.5)),
    ("relu in place", lambda x: F.relu_(x - 0.5)),
    ("relu6", lambda x: F.relu6(x * 20 - 3)),
    ("hardtanh", lambda x: F.hardtanh(x * 20 - 3, 0.0, 6.0)),
    ("clamp", lambda x: (x * 20 - 3).clamp(0, 6)),
    ("clamp_min", lambda x: (x - 0.5).clamp(min=0)),
    ("add", lambda x: x + F.relu(x)),
    ("add constants", lambda x: 1 + x + torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1)),
    ("subtract", lambda x: 1 - (x - torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1))),
    ("multiply", lambda x: 2 * x * torch.tensor([1.0, -2.0, 3.0]).view(1, 3, 1, 1)),
    ("divide", lambda x: x / torch.tensor([0.5, 0.2, 0.3]).view(1, 3, 1, 1)),
    ("normalise", lambda x: F.normalize(x, dim=1)),
    ("softmax", lambda x: x.softmax(1)),
    ("log-softmax", lambda x: F.log_softmax(x, 1)),
    ("largest", lambda x: torch.amax(x - 2, (2, 3))),
    ("largest keepdim", lambda x: x * torch.amax(x, (2, 3), keepdim=True)),
    ("vectors behind one another", lambda x: torch.cat([x.mean((2, 3)), torch.sigmoid(x).mean((2, 3))], 1)),
    ("side by side", lambda x: torch.cat([x, x * 2], 3)),
    ("clamp around zero", lambda x: (x * 9 - 4).clamp(-1, 1) + F.hardtanh(x * 9 - 4)),
    ("slope", lambda x: F.prelu(x - 0.5, torch.tensor([0.3]))),
    ("slopes of channels", lambda x: F.prelu(x - 0.5, torch.tensor([0.3, -0.2, 1.0]))),
    ("concat", lambda x: torch.cat([x, x - 1, F.relu(x)], dim=1)),
    ("mean", lambda x: x.mean((2, 3))),
    ("mean keepdim", lambda x: x.mean([-1, -2], keepdim=True)),
    ("pooled softmax", lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1).softmax(-1)),
    ("squeeze", lambda x: F.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1)),
    ("pad and pool", lambda x: F.max_pool2d(F.pad(x - 2, (1, 0, 0, 1)), 2)),
    ("pad alone", lambda x: F.pad(F.pad(x, (1, 0, 2, 3)), (0, 1, 0, 0))),
    ("dropout", lambda x: F.dropout(x, training=False).contiguous().clone().detach() + x),
    ("in place add", lambda x: (x * 2).add_(x).relu_()),
    ("multiply activations", lambda x: x * (x - 0.5)),
    ("squeeze and excite", lambda x: x * torch.sigmoid(x.mean((2, 3), keepdim=True))),
    ("one channel for all", lambda x: x * x[:, 1:2] + x[:, :1]),
    ("subtract activations", lambda x: F.relu(x - 0.5) - x),
    ("maximum and minimum", lambda x: torch.minimum(torch.maximum(x, 1 - x), x * 2)),
    ("smooth functions", lambda x: F.silu(x * 9 - 4) + F.hardswish(x * 9 - 4) + F.gelu(x - 0.5) + torch.tanh(x)),
    ("mish and others", lambda x: F.mish(x * 9 - 4) + F.softplus(x) + (x - 0.5).abs()),
    ("approximate GELU", lambda x: F.gelu(x * 9 - 4, approximate="tanh")),
    ("reflect", lambda x: F.pad(x, (2, 1, 0, 3), mode="reflect")),
    ("replicate", lambda x: F.pad(x, (2, 1, 0, 3), mode="replicate")),
    ("circular", lambda x: F.pad(x, (2, 1, 1, 3), mode="circular")),
    ("more functions", lambda x: F.hardsigmoid(x * 9 - 4) + F.leaky_relu(x - 0.5, 0.2) + F.elu(x - 0.5, 0.7)),
    ("chunk", lambda x: torch.cat(x.chunk(3, 1)[::-1], 1)),
    ("split", lambda x: torch.cat(x.split([1, 2], 1)[::-1], 1)),
    ("split evenly", lambda x: x.split(2, 1)[0]),
    ("slices", lambda x: x[:, 1:, 2:-1:3, ::2]),
    ("narrow", lambda x: x.narrow(2, 3, 5)),
    ("shuffle", lambda x: shuffle(torch.cat([x, x * 2], 1), 2)),
    (
        "shuffle by permute",
        lambda x: torch.cat([x, -x], 1).view(1, 3, 2, 12, 10).permute(0, 2, 1, 3, 4).reshape(1, 6, 12, 10),
    ),
    ("channel shuffle", lambda x: F.channel_shuffle(torch.cat([x, x * 2], 1), 3)),
    ("pixel shuffle", lambda x: F.pixel_shuffle(torch.cat([x, x * 2, x * 3, -x], 1), 2)),
    ("pixel unshuffle", lambda x: F.pixel_unshuffle(x, 2)),
    ("nearest", lambda x: F.interpolate(x, scale_factor=2)),
    ("nearest to a size", lambda x: F.interpolate(x, size=(7, 23))),
    ("bilinear", lambda x: F.interpolate(x, scale_factor=2, mode="bilinear")),
    ("constant arithmetic", lambda x: x * torch.exp(torch.ones(3, 1, 1))),
]


@pytest.mark.parametrize("function", [f for _, f in FUNCTIONS], ids=[n for n, _ in FUNCTIONS])
def test_functions(function: Callable[..., Any]) -> None:
    same_as_torch(Compute(function))


def test_batch_norm_with_and_without_parameters() -> None:
    graph = same_as_torch(nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU6()))
    assert kinds(graph) == ["conv2d", "scale_channels", "requantize"]
    same_as_torch(nn.Sequential(nn.BatchNorm2d(3, affine=False)))


@pytest.mark.parametrize("layer", [nn.GroupNorm(3, 6), nn.GroupNorm(1, 6, 0.1, False), nn.InstanceNorm2d(6)], ids=str)
def test_norms_of_the_image_at_hand(layer: nn.Module) -> None:
    assert kinds(same_as_torch(nn.Sequential(nn.Conv2d(3, 6, 1), layer))) == ["conv2d", "group_norm"]


def test_padding_is_folded_into_a_convolution() -> None:
    graph = same_as_torch(nn.Sequential(nn.ZeroPad2d((1, 2, 3, 0)), nn.Conv2d(3, 4, 3, 2, padding=1)))
    assert kinds(graph) == ["conv2d"]
    assert graph.ops[0].attributes()["padding"] == (4, 2, 1, 3)


@pytest.mark.parametrize("flatten", [lambda x: x.flatten(1), lambda x: x.reshape(1, -1), lambda x: x.view(1, 360)])
def test_linear_behind_a_flattened_map(flatten: Callable[[Tensor], Tensor]) -> None:
    graph = same_as_torch(Compute(lambda x, a, b: b(F.relu(a(flatten(x)))), nn.Linear(360, 7), nn.Linear(7, 2)))
    assert kinds(graph) == ["dense", "requantize", "dense"]


def test_pointwise_convolution_of_pooled_features() -> None:
    module = Compute(
        lambda x, conv, linear: linear(conv(F.adaptive_avg_pool2d(x, 1)).flatten(1)),
        nn.Conv2d(3, 8, 1),
        nn.Linear(8, 2, bias=False),
    )
    assert kinds(same_as_torch(module)) == ["mean", "dense", "dense"]


def test_shared_layer_and_several_outputs() -> None:
    module = Compute(lambda x, conv: (conv(x), conv(F.relu(x - 0.5))), nn.Conv2d(3, 4, 3))
    graph = same_as_torch(module)
    assert len(graph.outputs) == 2
    assert len({op.name for op in graph.ops}) == len(graph.ops)


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("replicate", [False, True])
def test_rnn_pool(smooth: bool, replicate: bool) -> None:
    pool = RNNPool(3, 6, 5, (4, 5), 2, smooth=smooth, replicate_last=replicate)
    pool.zeta1, pool.nu1, pool.zeta2, pool.nu2 = 0.9, 0.05, 0.8, 0.1
    with torch.no_grad():
        for parameter in pool.parameters():
            parameter.normal_(0, 0.5)
    assert kinds(same_as_torch(nn.Sequential(pool))) == ["rnn_pool"]


def test_replication_behind_rnn_pool_is_fused() -> None:
    module = nn.Sequential(RNNPool(3, 6, 5, 4, 2), nn.ReplicationPad2d((0, 1, 0, 1)), nn.Conv2d(20, 2, 1))
    graph = same_as_torch(module)
    assert kinds(graph) == ["rnn_pool", "conv2d"]
    assert isinstance(graph.ops[0], RnnPool)
    assert graph.ops[0].replicate_last


def test_face_detector_names_and_sources() -> None:
    graph = same_as_torch(face_m4(), (1, 1, 240, 320))
    assert graph.outputs[:4] == ("heads.0.loc", "heads.0.conf", "heads.1.loc", "heads.1.conf")
    names = [op.name for op in graph.ops]
    assert "stages.2.add" in names
    add = graph.ops[names.index("stages.2.add")]
    assert re.match(r"(mcu_vision/models/blocks/)?inverted_bottleneck.py:\d+$", add.source)
    assert not any(op.source.startswith("/") for op in graph.ops)


def test_training_mode_is_restored() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout())
    module.train()
    module[1].eval()
    export_graph(module, torch.zeros(1, 3, 4, 4), "model")
    assert [m.training for m in module.modules()] == [True, True, False, True]
