"""What the nodes of an exported program become, and the graph under construction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from mcu_vision.ir import Array, Graph, Op, Shape, Tensor
from mcu_vision.ops import DepthwiseConv2d, Rearrange, Select
from mcu_vision.ops.common import Padding

NO_PADDING: Padding = (0, 0, 0, 0)


class Unsupported(Exception):  # noqa: N818 - becomes a UserError with the node's place
    """What of a node is not supported, as words after the operator's name: "with groups=2"."""


@dataclass(frozen=True)
class Activation:
    """A tensor of the graph as a node sees it.

    shape: torch's (N, C, H, W) or (N, C). padding: zeros that its consumer shall add. map_shape: (C, H, W)
    of a map that the program flattened; the graph keeps the map, and its elements are in another order.
    """

    name: str
    shape: Shape
    padding: Padding = NO_PADDING
    map_shape: Shape | None = None


@dataclass(frozen=True)
class VectorNorm:
    """The length of each pixel's vector: a step of F.normalize."""

    of: str


@dataclass(frozen=True)
class ChannelGroups:
    """An image whose channels are seen in groups: a step of a channel shuffle. order: (groups, channels) of `of`."""

    of: Activation
    order: Array


Value = Activation | ChannelGroups | VectorNorm | torch.Tensor | tuple[Any, ...]


class GraphBuilder:
    """Collects operators and tensors; knows the name and the source line of the node at hand."""

    def __init__(self, name: str) -> None:
        self.graph = Graph(name, {}, [], (), ())
        self.operator_name = ""
        self.source = ""
        self.users_of_input = 0

    def add_input(self, name: str, shape: Shape) -> Activation:
        """The image, torch shape (1, C, H, W)."""
        n, c, h, w = shape
        self.graph.tensors[name] = Tensor(name, (n, h, w, c))
        self.graph.inputs = (name,)
        return Activation(name, shape)

    def emit(
        self,
        kind: type[Op],
        inputs: list[Activation],
        constants: dict[str, Array],
        shape: Shape,
        /,
        **attributes: Any,
    ) -> Activation:
        """Append an operator at the current name; shape: of its result as torch sees it."""
        name = self._unique(self.operator_name)
        for suffix, data in constants.items():
            self._add_constant(f"{name}.{suffix}", data)
        names = tuple(v.name for v in inputs) + tuple(f"{name}.{s}" for s in constants)
        op = kind(name, names, (name,), source=self.source, **attributes)
        inferred = op.infer_shape([self.graph.tensors[n] for n in names])
        self.graph.tensors[name] = Tensor(name, inferred)
        self.graph.ops.append(op)
        return Activation(name, shape)

    def _add_constant(self, name: str, data: Array) -> None:
        array = np.ascontiguousarray(data, np.float32)
        self.graph.tensors[name] = Tensor(name, array.shape, data=array)

    def _unique(self, name: str) -> str:
        candidate, count = name, 1
        while candidate in self.graph.tensors:
            count += 1
            candidate = f"{name}_{count}"
        return candidate

    def is_vector(self, value: Activation) -> bool:
        """True if the graph holds (1, C), whatever ones torch has behind it."""
        return len(self.graph.tensors[value.name].shape) == 2

    def plain(self, value: Value) -> Activation:
        """The activation with its elements in order and its padding written out; Unsupported otherwise."""
        if not isinstance(value, Activation):
            raise Unsupported("of a constant, or of a step of a channel shuffle or of F.normalize")
        if value.map_shape is not None and value.map_shape[1:] != (1, 1):
            raise Unsupported("of a flattened map")
        return self.write_padding(value) if value.padding != NO_PADDING else value

    def write_padding(self, value: Activation) -> Activation:
        """Zeros around a map, as a 1x1 depthwise convolution with weights of one."""
        name, self.operator_name = self.operator_name, f"{self.operator_name}.pad"
        channels = value.shape[1]
        constants = {"weights": np.ones((1, 1, 1, channels)), "bias": np.zeros(channels)}
        plain = replace(value, padding=NO_PADDING)
        padded = self.emit(DepthwiseConv2d, [plain], constants, value.shape, padding=value.padding)
        self.operator_name = name
        return padded

    def broadcast(self, value: Activation, shape: Shape) -> Activation:
        """The image repeated along the axes of torch shape (1, C, H, W) where it has one place."""
        if value.shape == shape:
            return value
        if len(shape) != 4 or len(value.shape) != 4:
            raise Unsupported(f"of shapes {list(value.shape)} and {list(shape)}")
        if self.is_vector(value):
            channels = value.shape[1]
            attributes: dict[str, Any] = {"shape": (1, 1, channels), "view": (channels,), "axes": (0,)}
            value = self.emit(Rearrange, [value], {}, value.shape, **attributes)
        axes = {"channels": 1, "rows": 2, "columns": 3}
        repeated = {name: (0,) * shape[i] for name, i in axes.items() if value.shape[i] != shape[i]}
        return self.emit(Select, [value], {}, shape, **repeated)

    def producer(self, value: Activation) -> Op | None:
        """The operator that wrote the activation."""
        return self.graph.producer(value.name)


def to_array(value: Value) -> Array:
    """A constant as float32; Unsupported if it is not one."""
    if not isinstance(value, torch.Tensor):
        raise Unsupported("with weights that depend on the image")
    return np.asarray(value.detach().to(torch.float32).numpy())


def channel_vector(value: torch.Tensor | float, shape: Shape) -> Array:
    """A constant that broadcasts along the channels of torch shape (1, C, ...) as (C,)."""
    tensor = torch.as_tensor(value, dtype=torch.float32)
    padded = tensor.reshape((1,) * (len(shape) - tensor.dim()) + tuple(tensor.shape))
    if len(padded.shape) != len(shape) or any(n != 1 for i, n in enumerate(padded.shape) if i != 1):
        raise Unsupported(f"with a constant of shape {list(tensor.shape)} (only one value a channel)")
    return np.array(np.broadcast_to(to_array(padded).reshape(-1), (shape[1],)))


def check(condition: bool, what: str) -> None:
    """Raise Unsupported unless `condition`."""
    if not condition:
        raise Unsupported(what)


Arguments = dict[str, Any]
Importer = Callable[[GraphBuilder, Arguments, Shape], Value]
"""Takes a node's arguments by schema name, and the shape of its result."""


def pair(value: Any) -> tuple[int, int]:
    """One number, or two, as torch has them."""
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return (int(values[0]), int(values[-1]))


def bias_vector(value: Any, channels: int) -> Array:
    """A bias that may be absent."""
    return np.zeros(channels, np.float32) if value is None else to_array(value)
