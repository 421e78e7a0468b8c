"""What cannot be imported is named, with its place in the user's source."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcu_vision.errors import UserError
from mcu_vision.frontends.torch_export import export_graph


class Erf(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.erf(x)


class Compute(nn.Module):
    def __init__(self, function: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Any:
        return self.function(x)


def problem(module: nn.Module, shape: tuple[int, ...] = (1, 4, 8, 8)) -> str:
    with pytest.raises(UserError) as caught:
        export_graph(module, torch.zeros(shape), "model")
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_operator_place_module_and_remedy() -> None:
    line = Erf.forward.__code__.co_firstlineno + 1
    text = problem(nn.Sequential(nn.Conv2d(4, 4, 1), nn.Sequential(Erf())))
    assert text.startswith("aten.erf.default is not supported at ")
    assert f"test_torch_export_errors.py:{line} in module 1.0; supported are " in text
    assert "aten.conv2d" in text
    assert "mcu_vision.rnn_pool" in text


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: x.clamp(-1, 2), "aten.clamp.default from -1 to 2"),
        (lambda x: F.prelu(x, torch.full((4,), 1.5)), "with a slope of 1.5"),
        (lambda x: F.softplus(x, beta=2), "with beta=2"),
        (lambda x: torch.ops.aten.elu(x, 1.0, 2.0, 1.0), "with a scale"),
        (lambda x: x.permute(0, 2, 3, 1), "other than of grouped channels"),
        (lambda x: x.transpose(2, 3), "other than of grouped channels"),
        (lambda x: x.view(1, 2, 2, 8, 8).relu(), "of a step of a channel shuffle"),
        (lambda x: x.mean((2, 3))[:, 1:], "along dim=1"),
        (lambda x: x + torch.zeros(8, 8), "with a constant of shape [8, 8]"),
        (lambda x: x[:, :, :4, :4] + x.mean((2, 3)), "of shapes"),
        (lambda x: torch.cat([x, x], dim=2), "along dim=2"),
        (lambda x: x.softmax(2), "over dim=2"),
        (lambda x: x.mean(1), "over dim=[1]"),
        (lambda x: F.pad(x, (1, 1)), "by [1, 1]"),
        (lambda x: F.pad(x, (1, 1, 1, 1), value=1.0), "value=1.0"),
        (lambda x: F.normalize(x, dim=2), "other than F.normalize(x, dim=1)"),
        (lambda x: F.normalize(x, p=1.0, dim=1), "other than F.normalize(x, dim=1)"),
        (lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True), "with ceil_mode"),
        (lambda x: F.max_pool2d(x, 2, dilation=2), "with dilation"),
        (lambda x: F.adaptive_avg_pool2d(x, 3), "to [3, 3]"),
        (lambda x: F.conv_transpose2d(x, torch.ones(4, 1, 3, 3), groups=4), "with groups=4"),
        (lambda x: F.conv2d(x, x), "with weights that depend on the image"),
        (lambda x: x.flatten(1).relu(), "of a flattened map"),
        (lambda x: x.view(1, 8, 4, 8), "to [1, 8, 4, 8]"),
        (lambda x: torch.add(x, x, alpha=2), "with alpha=2"),
        (lambda x: x.flatten(1), "an output of a flattened map"),
        (lambda x: (x.relu(), torch.ones(3)), "an output of a constant"),
    ],
)
def test_details_of_operators(function: Callable[[Tensor], Any], words: str) -> None:
    text = problem(Compute(function))
    assert words in text
    assert "is not supported" in text


def test_control_flow_on_data() -> None:
    assert "torch.export cannot trace model" in problem(Compute(lambda x: x if x.sum() > 0 else -x))


def test_example_must_be_one_image() -> None:
    assert "(1, C, H, W)" in problem(Erf(), (2, 3, 4, 4))
    assert "(1, C, H, W)" in problem(Erf(), (1, 3))
