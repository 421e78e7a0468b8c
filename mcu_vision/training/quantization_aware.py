"""Training that feels int8: weights and maps are rounded as the deployed model will round them.

Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
CVPR 2018, section 3. Gradients pass the rounding as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mcu_vision.models.rnnpool import RNNPool
from mcu_vision.training.trainer import Task

ACTIVATIONS = (nn.ReLU, nn.ReLU6)
RANGE_MOMENTUM = 0.05
"""Of the running ends of a map's range."""


class QuantizationAwareTask:
    """`task`, with a model whose convolutions, dense layers and maps are rounded to int8 in training.

    Weights: symmetric, a scale an output channel, so that folding batch norm in does not change what is rounded. Maps,
    where the deployed model stores one: after an activation, after batch norm without one, after a convolution without
    both, after an RNNPool, after an addition of a block; range from running ends. RNNPool's own weights, int16 when
    deployed, are left as they are. The model itself is not changed: its weights are floats to be quantised as ever.
    """

    def __init__(self, task: Task, model: nn.Module) -> None:
        self.task, self.loss_names = task, task.loss_names
        self._layers = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
        self._ends: dict[str, Tensor] = {}
        self._stored = {name: model.get_submodule(name) for name in stored_maps(model)}

    def loss(self, model: nn.Module, batch: Sequence[Tensor]) -> Sequence[Tensor]:
        """That of the task."""
        with self._rounding():
            return self.task.loss(model, batch)

    @contextmanager
    def _rounding(self) -> Iterator[None]:
        hooks = [m.register_forward_hook(partial(self._round_map, name)) for name, m in self._stored.items()]
        for layer in self._layers:
            layer.forward = partial(_forward_rounded, layer)  # type: ignore[method-assign]
        try:
            yield
        finally:
            for layer in self._layers:
                del layer.forward
            for hook in hooks:
                hook.remove()

    def _round_map(self, name: str, _module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        values = output.float()
        ends = _ends(values.detach())
        known = self._ends.get(name)
        self._ends[name] = ends if known is None else torch.lerp(known, ends, RANGE_MOMENTUM)
        low, high = self._ends[name].tolist()
        scale = max((high - low) / 255, 1e-8)
        zero_point = round(-128 - low / scale)
        return torch.fake_quantize_per_tensor_affine(values, scale, max(-128, min(127, zero_point)), -128, 127)


def stored_maps(model: nn.Module) -> list[str]:
    """Names of the modules whose output the deployed model stores as int8."""
    names = []
    for name, module in model.named_modules():
        if isinstance(module, RNNPool) or getattr(module, "residual", False):
            names.append(name)
        elif isinstance(module, nn.Sequential):
            children = list(module.named_children())
            for (child, part), (_, follower) in zip(children, [*children[1:], ("", None)], strict=True):
                last = isinstance(part, (nn.Conv2d, nn.BatchNorm2d)) and not isinstance(
                    follower, (nn.BatchNorm2d, *ACTIVATIONS)
                )
                if last or isinstance(part, ACTIVATIONS):
                    names.append(f"{name}.{child}" if name else child)
    return names


def _ends(values: Tensor) -> Tensor:
    """Least and largest value, with 0 between them."""
    low, high = torch.aminmax(values)
    return torch.stack((low.clamp(max=0), high.clamp(min=0)))


def _forward_rounded(layer: nn.Conv2d | nn.Linear, x: Tensor) -> Tensor:
    weights = layer.weight
    scales = weights.detach().abs().flatten(1).amax(1).clamp(min=1e-8) / 127
    zeros = torch.zeros_like(scales, dtype=torch.int32)
    rounded = torch.fake_quantize_per_channel_affine(weights, scales, zeros, 0, -127, 127)
    if isinstance(layer, nn.Linear):
        return F.linear(x, rounded, layer.bias)
    return F.conv2d(x, rounded, layer.bias, layer.stride, layer.padding, layer.dilation, layer.groups)
