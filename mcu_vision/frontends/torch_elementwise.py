"""Arithmetic, activations and changes of shape: aten operators to operators of the graph."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import torch

from mcu_vision.frontends.torch_layers import replicate_pool
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
)
from mcu_vision.ir import Array, Op, Shape, Tensor
from mcu_vision.ops import Add, Concat, L2Normalize, Maximum, Minimum, Mul, Requantize, ScaleChannels, Softmax, Sub


def _is_constant(value: Any) -> bool:
    return isinstance(value, (int, float, torch.Tensor))


def relu(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """A clamp at zero."""
    return builder.emit(Requantize, [builder.plain(a["self"])], {}, shape, activation="relu")


def relu6(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """A clamp to [0, 6]."""
    return builder.emit(Requantize, [builder.plain(a["self"])], {}, shape, activation="relu6")


def clamp(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """hardtanh, clamp and clamp_min, where they are ReLU or ReLU6; also the guard in F.normalize."""
    low, high = a.get("min_val", a.get("min")), a.get("max_val", a.get("max"))
    if isinstance(a["self"], VectorNorm):
        check(
            low is not None and low < 1e-6 and high is None,
            "of a vector norm by more than a guard against zero",
        )
        return a["self"]
    check(low == 0 and high in (None, 6), f"from {low} to {high} (only from 0, or 0 to 6)")
    activation = "relu" if high is None else "relu6"
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


def softmax(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Over the channels."""
    x = builder.plain(a["self"])
    check(a["dim"] % len(x.shape) == 1, f"over dim={a['dim']} (only the channels)")
    return builder.emit(Softmax, [x], {}, shape)


def concat(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Along the channels of images."""
    parts = [builder.plain(v) for v in a["tensors"]]
    check(len(shape) == 4 and a["dim"] % 4 == 1, f"along dim={a['dim']} (only the channels of images)")
    return builder.emit(Concat, parts, {}, shape)


def pad(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Zeros around a map are left to its consumer; replication is RNNPool's."""
    x, amounts = a["self"], [int(n) for n in a["pad"]]
    check(len(amounts) == 4 and min(amounts) >= 0, f"by {amounts} (only left, right, top, bottom)")
    check(isinstance(x, Activation) and x.map_shape is None, "of a flattened map")
    mode = a.get("mode", "constant")
    if mode == "replicate":
        return replicate(builder, {"self": x, "padding": amounts}, shape)
    check(mode == "constant" and not a.get("value"), f"with mode={mode}, value={a.get('value')} (only zeros)")
    before = x.padding
    left, right, top, bottom = amounts
    total = (before[0] + top, before[1] + left, before[2] + bottom, before[3] + right)
    return Activation(x.name, shape, total)


def replicate(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """By one at the end behind RNNPool, whose only reader it must be."""
    x = builder.plain(a["self"])
    check(builder.users_of_input == 1, "where RNNPool's result is also used without it")
    op = builder.producer(x)
    replicate_pool(op, [int(n) for n in a["padding"]])
    assert op is not None
    inferred = op.infer_shape([builder.graph.tensors[n] for n in op.inputs])
    builder.graph.tensors[x.name] = Tensor(x.name, inferred)
    return Activation(x.name, shape)


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
    "aten._softmax.default": softmax,
    "aten._unsafe_view.default": reshape,
    "aten.add.Tensor": add,
    "aten.alias.default": identity,
    "aten.cat.default": concat,
    "aten.clamp.default": clamp,
    "aten.clamp_min.default": clamp,
    "aten.clone.default": identity,
    "aten.constant_pad_nd.default": pad,
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
    "aten.maximum.default": maximum,
    "aten.minimum.default": minimum,
    "aten.mul.Tensor": multiply,
    "aten.neg.default": negate,
    "aten.pad.default": pad,
    "aten.relu.default": relu,
    "aten.relu6.default": relu6,
    "aten.replication_pad2d.default": replicate,
    "aten.reshape.default": reshape,
    "aten.rsub.Scalar": subtract_reversed,
    "aten.softmax.int": softmax,
    "aten.squeeze.default": reshape,
    "aten.squeeze.dim": reshape,
    "aten.squeeze.dims": reshape,
    "aten.sub.Tensor": subtract,
    "aten.unsqueeze.default": reshape,
    "aten.view.default": reshape,
}
