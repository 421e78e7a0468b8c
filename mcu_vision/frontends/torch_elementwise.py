"""Arithmetic, activations and changes of shape: aten operators to operators of the graph."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch

from mcu_vision.frontends.torch_movement import group_channels, ungroup_channels
from mcu_vision.frontends.torch_values import (
    NO_PADDING,
    Activation,
    Arguments,
    ChannelGroups,
    GraphBuilder,
    Importer,
    Unsupported,
    Value,
    VectorNorm,
    channel_vector,
    check,
    to_array,
)
from mcu_vision.ir import Array, Op, Shape
from mcu_vision.ops import (
    Add,
    Concat,
    Join,
    L2Normalize,
    LogSoftmax,
    Maximum,
    Minimum,
    Mul,
    Requantize,
    ScaleChannels,
    Softmax,
    Sub,
    Unary,
)

CLAMPS: dict[tuple[Any, Any], str] = {(0, None): "relu", (0, 6): "relu6", (-1, 1): "relu_n1_to_1"}
"""Activations by their bounds."""


def _is_constant(value: Any) -> bool:
    return isinstance(value, (int, float, torch.Tensor))


def relu(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """A clamp at zero."""
    return builder.emit(Requantize, [builder.plain(a["self"])], {}, shape, activation="relu")


def relu6(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """A clamp to [0, 6]."""
    return builder.emit(Requantize, [builder.plain(a["self"])], {}, shape, activation="relu6")


def clamp(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """hardtanh, clamp and clamp_min with the bounds that convolutions can do; also the guard in F.normalize."""
    low, high = a.get("min_val", a.get("min")), a.get("max_val", a.get("max"))
    if isinstance(a["self"], VectorNorm):
        check(
            low is not None and low < 1e-6 and high is None,
            "of a vector norm by more than a guard against zero",
        )
        return a["self"]
    activation = CLAMPS.get((low, high))
    check(activation is not None, f"from {low} to {high} (only from 0, from 0 to 6, or from -1 to 1)")
    return builder.emit(Requantize, [builder.plain(a["self"])], {}, shape, activation=activation)


def _scale(builder: GraphBuilder, x: Value, scale: Array, offset: Array, shape: Shape) -> Value:
    return builder.emit(ScaleChannels, [builder.plain(x)], {"scale": scale, "offset": offset}, shape)


def _of_two(builder: GraphBuilder, kind: type[Op], x: Value, y: Value, shape: Shape) -> Value:
    """Two activations, the smaller repeated where it has one place along an axis."""
    both = [builder.broadcast(builder.plain(value), shape) for value in (x, y)]
    return builder.emit(kind, both, {}, shape)


def add(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Of two activations, or of an activation and a constant for each channel."""
    x, y = a["self"], a["other"]
    check(a.get("alpha", 1) == 1, f"with alpha={a.get('alpha')}")
    if _is_constant(x):
        x, y = y, x
    if _is_constant(y):
        offset = channel_vector(y, shape)
        return _scale(builder, x, np.ones_like(offset), offset, shape)
    return _of_two(builder, Add, x, y, shape)


def subtract(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Of two activations, or of a constant for each channel, or from one."""
    x, y = a["self"], a["other"]
    check(a.get("alpha", 1) == 1, f"with alpha={a.get('alpha')}")
    if _is_constant(y):
        offset = -channel_vector(y, shape)
        return _scale(builder, x, np.ones_like(offset), offset, shape)
    if not _is_constant(x):
        return _of_two(builder, Sub, x, y, shape)
    offset = channel_vector(x, shape)
    return _scale(builder, y, -np.ones_like(offset), offset, shape)


def subtract_reversed(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """A number minus an activation."""
    return subtract(builder, a | {"self": a["other"], "other": a["self"]}, shape)


def negate(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """A scale of -1."""
    scale = -np.ones(shape[1], np.float32)
    return _scale(builder, a["self"], scale, np.zeros_like(scale), shape)


def multiply(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Of two activations, or by a constant for each channel."""
    x, y = a["self"], a["other"]
    if _is_constant(x):
        x, y = y, x
    if not _is_constant(y):
        return _of_two(builder, Mul, x, y, shape)
    scale = channel_vector(y, shape)
    return _scale(builder, x, scale, np.zeros_like(scale), shape)


def prelu(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """One slope is a leaky ReLU; slopes of channels, up to 1, give the larger of x and slope times x."""
    x, slopes = builder.plain(a["self"]), to_array(a["weight"])
    if slopes.size == 1:
        return builder.emit(Unary, [x], {}, shape, function="leaky_relu", alpha=float(slopes.reshape(())))
    check(bool((slopes <= 1).all()), f"with a slope of {slopes.max():.3g} (only up to 1)")
    below = builder.emit(ScaleChannels, [x], {"scale": slopes, "offset": np.zeros_like(slopes)}, shape)
    return builder.emit(Maximum, [x, below], {}, shape)


def maximum(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Of two activations."""
    return _of_two(builder, Maximum, a["self"], a["other"], shape)


def minimum(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Of two activations."""
    return _of_two(builder, Minimum, a["self"], a["other"], shape)


def divide(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """By a constant for each channel, or of each pixel's vector by its own length (F.normalize)."""
    x, y = a["self"], a["other"]
    if isinstance(y, VectorNorm):
        plain = builder.plain(x)
        check(y.of == plain.name, "by another tensor's norm")
        return builder.emit(L2Normalize, [plain], {}, shape)
    check(_is_constant(y), "by an activation")
    scale = 1 / channel_vector(y, shape)
    return _scale(builder, x, scale, np.zeros_like(scale), shape)


def vector_norm(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """The first step of F.normalize(x, dim=1)."""
    x = builder.plain(a["self"])
    right = a["ord"] == 2 and list(a["dim"] or []) == [1] and a["keepdim"]
    check(right, "other than F.normalize(x, dim=1)")
    return VectorNorm(x.name)


def expand(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Only where it changes nothing, and in F.normalize."""
    x: Value = a["self"]
    check(isinstance(x, VectorNorm) or (isinstance(x, Activation) and x.shape == shape), f"to {list(shape)}")
    return x


def _softmax(kind: type[Op]) -> Importer:
    """Over the channels."""

    def emit(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
        x = builder.plain(a["self"])
        check(a["dim"] % len(x.shape) == 1, f"over dim={a['dim']} (only the channels)")
        return builder.emit(kind, [x], {}, shape)

    return emit


def concat(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Along the channels of images or vectors, or images side by side."""
    parts = [builder.plain(v) for v in a["tensors"]]
    dim, vectors = a["dim"] % len(shape), [builder.is_vector(part) for part in parts]
    if dim == 1 and not any(vectors):
        return builder.emit(Concat, parts, {}, shape)
    beside = dim == 1 if all(vectors) else dim == 3
    check(beside, f"along dim={a['dim']} (only channels or columns of images, and vectors)")
    return builder.emit(Join, parts, {}, shape)


def reshape(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Flattening of a map, ones added to or taken from a vector's shape, and steps of a channel shuffle."""
    x: Value = a["self"]
    if isinstance(x, ChannelGroups):
        return ungroup_channels(builder, x, shape)
    if not isinstance(x, Activation):
        raise Unsupported("of a vector norm")
    if x.padding != NO_PADDING:
        x = builder.write_padding(x)
    if x.shape == shape:
        return x
    if builder.is_vector(x) and shape[:2] == (1, x.shape[1]):
        return Activation(x.name, shape)
    groups = group_channels(x, shape)
    if groups is not None:
        return groups
    flat = len(x.shape) == 4 and shape == (1, prod(x.shape))
    check(flat, f"from {list(x.shape)} to {list(shape)} (only flattening to (1, features))")
    return Activation(x.name, shape, map_shape=x.shape[1:])


def identity(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Operators that change nothing in evaluation mode."""
    check(not a.get("train"), "in training mode")
    value: Value = a["input"] if "input" in a else a["self"]
    return value


ELEMENTWISE: dict[str, Importer] = {
    "aten._log_softmax.default": _softmax(LogSoftmax),
    "aten._softmax.default": _softmax(Softmax),
    "aten._unsafe_view.default": reshape,
    "aten.add.Tensor": add,
    "aten.alias.default": identity,
    "aten.cat.default": concat,
    "aten.clamp.default": clamp,
    "aten.clamp_min.default": clamp,
    "aten.clone.default": identity,
    "aten.contiguous.default": identity,
    "aten.detach.default": identity,
    "aten.div.Tensor": divide,
    "aten.dropout.default": identity,
    "aten.expand.default": expand,
    "aten.expand_as.default": expand,
    "aten.feature_dropout.default": identity,
    "aten.flatten.using_ints": reshape,
    "aten.hardtanh.default": clamp,
    "aten.linalg_vector_norm.default": vector_norm,
    "aten.log_softmax.int": _softmax(LogSoftmax),
    "aten.maximum.default": maximum,
    "aten.minimum.default": minimum,
    "aten.mul.Tensor": multiply,
    "aten.neg.default": negate,
    "aten.prelu.default": prelu,
    "aten.relu.default": relu,
    "aten.relu6.default": relu6,
    "aten.reshape.default": reshape,
    "aten.rsub.Scalar": subtract_reversed,
    "aten.softmax.int": _softmax(Softmax),
    "aten.squeeze.default": reshape,
    "aten.squeeze.dim": reshape,
    "aten.squeeze.dims": reshape,
    "aten.sub.Tensor": subtract,
    "aten.unsqueeze.default": reshape,
    "aten.view.default": reshape,
}
