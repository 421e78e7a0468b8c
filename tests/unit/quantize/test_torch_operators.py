"""Operators that torch modules bring along, from float to the same bytes in every execution."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from models import BuiltModel, noise_images
from torch import Tensor, nn

from mcu_vision.frontends.torch_export import export_graph
from mcu_vision.ir import Graph
from mcu_vision.quantize import quantize_graph
from mcu_vision.reference import run_graph
from mcu_vision.verify import verify_executions

SHAPE = (1, 4, 10, 12)


class Net(nn.Module):
    """`function` between two convolutions, of 4 to `inside` and of any number of channels to 3."""

    def __init__(self, function: Callable[[Tensor], Tensor], inside: int = 4) -> None:
        super().__init__()
        self.before, self.function = nn.Conv2d(4, inside, 3, padding=1), function
        with torch.no_grad():
            channels = function(torch.zeros(1, inside, *SHAPE[2:])).shape[1]
        self.after = nn.Conv2d(channels, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.after(self.function(self.before(x)))


def shuffle(x: Tensor) -> Tensor:
    n, c, h, w = x.shape
    return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "silu": F.silu,
    "hardswish": lambda x: F.hardswish(4 * x),
    "leaky relu": lambda x: F.leaky_relu(x, 0.1),
    "gelu": F.gelu,
    "squeeze and excite": lambda x: x * torch.sigmoid(x.mean((2, 3), keepdim=True)),
    "product": lambda x: x * F.relu(x),
    "difference": lambda x: F.relu(x) - x,
    "maximum": lambda x: torch.maximum(x, 0.3 * x),
    "halves": lambda x: torch.cat([x[:, 2:], torch.sigmoid(x[:, :2])], 1),
    "shuffle": shuffle,
    "nearest": lambda x: F.interpolate(x, scale_factor=2),
    "bilinear": lambda x: F.interpolate(x, size=(15, 7), mode="bilinear"),
    "pixel shuffle": lambda x: F.pixel_shuffle(x, 2),
    "slopes": lambda x: F.prelu(x, torch.tensor([0.3, -0.2, 1.0, 0.1])),
    "clamp": lambda x: F.hardtanh(2 * x),
    "two clamps": lambda x: F.relu(F.hardtanh(2 * x)),
    "mish": F.mish,
    "log-softmax": lambda x: F.log_softmax(x, 1),
    "largest": lambda x: torch.amax(x, (2, 3), keepdim=True),
    "side by side": lambda x: torch.cat([torch.sigmoid(x), x], 3),
    "reflect": lambda x: F.pad(x, (2, 1, 0, 3), mode="reflect"),
    "ceil": lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True),
    "slice": lambda x: x[:, :, 1:9:2, 3:],
}


EMULATED = ("squeeze and excite", "halves", "bilinear", "side by side", "log-softmax")
"""All kernels that these functions need; the others differ in constants."""


def quantized(module: nn.Module) -> tuple[Graph, Graph]:
    """The float graph and its int8 one."""
    graph = export_graph(module, torch.zeros(SHAPE), "net")
    images = np.random.default_rng(0).random((8, *SHAPE[2:], SHAPE[1]), np.float32)
    return graph, quantize_graph(graph, [images])


def check(module: nn.Module, folder: Path, emulated: bool = False) -> None:
    torch.manual_seed(0)
    for parameter in module.parameters():
        nn.init.normal_(parameter, 0, 0.3)
    graph, integer = quantized(module)
    image = np.random.default_rng(1).integers(0, 256, (1, *SHAPE[2:], SHAPE[1]))
    (expected,) = run_graph(graph, (image / 255).astype(np.float32)).values()
    (values,) = run_graph(integer, (image - 128).astype(np.int8)).values()
    quant = integer.tensors[integer.outputs[0]].quant
    error = (values.astype(np.float64) - quant.zero_point) * quant.scale - expected
    assert np.abs(error).max() < 0.08 * max(1.0, float(np.abs(expected).max()))
    runs = BuiltModel.generate(integer, folder).executions(emulated=emulated)
    outcome = verify_executions(integer, runs, noise_images(integer, 2))
    assert outcome.equal, outcome.first_difference


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    check(Net(FUNCTIONS[name]), tmp_path, name in EMULATED)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 8, 3, 2, groups=2),
        nn.Conv2d(4, 8, 3, groups=4),
        nn.ConvTranspose2d(4, 5, 3, 2, padding=1, output_padding=1),
        nn.ConvTranspose2d(4, 5, 2, 3, padding=1),
        nn.GroupNorm(2, 4),
    ],
    ids=str,
)
def test_layers(layer: nn.Module, tmp_path: Path) -> None:
    check(nn.Sequential(nn.Conv2d(4, 4, 1), layer, nn.ReLU6()), tmp_path)
