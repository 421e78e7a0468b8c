"""Layers with weights, and pooling: aten operators to operators of the graph.

Each importer takes the builder, the node's arguments by schema name, and the shape of its result.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcu_vision.frontends.torch_values import (
    NO_PADDING,
    Activation,
    Arguments,
    GraphBuilder,
    Importer,
    Value,
    bias_vector,
    check,
    pair,
    to_array,
)
from mcu_vision.ir import Array, Shape
from mcu_vision.ops import (
    AveragePool2d,
    Dense,
    GroupNorm,
    MaxPool2d,
    Mean,
    RnnPool,
    ScaleChannels,
)
from mcu_vision.ops.common import Padding


def linear(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Columns for a flattened map (C, H, W) are put in (H, W, C) order."""
    x, weights = a["input"], to_array(a["weight"])
    check(isinstance(x, Activation) and len(x.shape) == 2, "of anything but (1, features)")
    if x.map_shape is not None:
        ordered = weights.reshape(-1, *x.map_shape).transpose(0, 2, 3, 1)
        weights = ordered.reshape(weights.shape)
    constants = {"weights": weights, "bias": bias_vector(a["bias"], weights.shape[0])}
    return builder.emit(Dense, [x], constants, shape)


def batch_norm(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Evaluation mode: x * scale + offset with the running statistics."""
    check(not a.get("training"), "in training mode")
    mean, variance = to_array(a["running_mean"]), to_array(a["running_var"])
    scale = np.float64(1) / np.sqrt(variance.astype(np.float64) + a["eps"])
    if a["weight"] is not None:
        scale = scale * to_array(a["weight"])
    offset = bias_vector(a["bias"], len(mean)) - mean * scale
    x = builder.plain(a["input"])
    return builder.emit(ScaleChannels, [x], {"scale": scale, "offset": offset}, shape)


def native_batch_norm(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """The decomposed form gives a tuple."""
    return (batch_norm(builder, a, shape),)


def group_norm(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Statistics of the image at hand."""
    constants = _norm_constants(a, shape[1])
    x, groups = builder.plain(a["input"]), int(a["num_groups"])
    return builder.emit(GroupNorm, [x], constants, shape, groups=groups, epsilon=float(a["eps"]))


def instance_norm(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """A group for each channel."""
    check(bool(a["use_input_stats"]), "with running statistics")
    constants = _norm_constants(a, shape[1])
    return builder.emit(
        GroupNorm, [builder.plain(a["input"])], constants, shape, groups=shape[1], epsilon=float(a["eps"])
    )


def _norm_constants(a: Arguments, channels: int) -> dict[str, Array]:
    scale = np.ones(channels, np.float32) if a["weight"] is None else to_array(a["weight"])
    return {"scale": scale, "offset": bias_vector(a["bias"], channels)}


def _pool_padding(a: Arguments, x: Activation, shape: Shape, size: tuple[int, int]) -> Padding:
    """With ceil_mode there may be more at the end."""
    stride, start = pair(a["stride"] or size), pair(a["padding"])
    needed = [(shape[2 + i] - 1) * stride[i] + size[i] - x.shape[2 + i] - start[i] for i in range(2)]
    return (*start, max(start[0], needed[0]), max(start[1], needed[1]))


def max_pool2d(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Padding counts as minus infinity, as in torch."""
    x, size = builder.plain(a["self"]), pair(a["kernel_size"])
    check(pair(a["dilation"]) == (1, 1), f"with dilation={a['dilation']}")
    padding, stride = _pool_padding(a, x, shape, size), pair(a["stride"] or size)
    return builder.emit(MaxPool2d, [x], {}, shape, size=size, stride=stride, padding=padding)


def max_pool2d_with_indices(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Only the values of the pair can be used."""
    return (max_pool2d(builder, a, shape),)


def avg_pool2d(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Padding that counts (count_include_pad) is written out, other padding is left to the operator."""
    x, size = builder.plain(a["self"]), pair(a["kernel_size"])
    check(a["divisor_override"] is None, "with divisor_override")
    padding = _pool_padding(a, x, shape, size)
    counts = bool(a["count_include_pad"]) and padding[:2] != (0, 0)
    check(not counts or padding[:2] == padding[2:], "with ceil_mode that adds cells and padding that counts")
    if counts:
        x = builder.write_padding(Activation(x.name, x.shape, padding))
        padding = NO_PADDING
    stride = pair(a["stride"] or size)
    return builder.emit(AveragePool2d, [x], {}, shape, size=size, stride=stride, padding=padding)


def _even_cells(x: Activation, target: tuple[int, int]) -> tuple[int, int]:
    """Size of the cells that divide a map into `target` of them."""
    check(x.shape[2] % target[0] == 0 and x.shape[3] % target[1] == 0, f"to {list(target)} from {list(x.shape)}")
    return x.shape[2] // target[0], x.shape[3] // target[1]


def _over_height_and_width(builder: GraphBuilder, a: Arguments) -> Activation:
    """What is reduced, over these axes alone."""
    x = builder.plain(a["self"])
    dims = sorted(d % len(x.shape) for d in a["dim"] or [])
    check(len(x.shape) == 4 and dims == [2, 3], f"over dim={a['dim']} (only height and width)")
    return x


def adaptive_avg_pool2d(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """One cell is a mean; sizes that divide the map are plain pooling."""
    x, target = builder.plain(a["self"]), pair(a["output_size"])
    if target == (1, 1):
        return x if builder.is_vector(x) else builder.emit(Mean, [x], {}, shape)
    size = _even_cells(x, target)
    return builder.emit(AveragePool2d, [x], {}, shape, size=size, stride=size)


def adaptive_max_pool2d(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Sizes that divide the map are plain pooling; only the values of the pair can be used."""
    x, target = builder.plain(a["self"]), pair(a["output_size"])
    size = _even_cells(x, target)
    return (builder.emit(MaxPool2d, [x], {}, shape, size=size, stride=size),)


def largest(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Only over height and width together."""
    x = _over_height_and_width(builder, a)
    size = (x.shape[2], x.shape[3])
    pooled = builder.emit(MaxPool2d, [x], {}, (*x.shape[:2], 1, 1), size=size, stride=size)
    return replace(pooled, shape=shape, map_shape=None if len(shape) == 4 else pooled.shape[1:])


def mean(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Only over height and width together."""
    x = _over_height_and_width(builder, a)
    return builder.emit(Mean, [x], {}, shape)


_CELL_CONSTANTS = ("w", "u", "gate_bias", "bias")


def rnn_pool(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """The custom operator of `mcu_vision.models.rnnpool`; its order of channels is the graph's."""
    constants = {f"{c}{cell}": to_array(a[f"{c}{cell}"]) for cell in (1, 2) for c in _CELL_CONSTANTS}
    return builder.emit(
        RnnPool,
        [builder.plain(a["x"])],
        constants,
        shape,
        patch=(a["patch_h"], a["patch_w"]),
        stride=a["stride"],
        smooth=a["smooth"],
        replicate_last=a["replicate_last"],
        zeta=(float(a["zeta1"]), float(a["zeta2"])),
        nu=(float(a["nu1"]), float(a["nu2"])),
    )


LAYERS: dict[str, Importer] = {
    "aten._adaptive_avg_pool2d.default": adaptive_avg_pool2d,
    "aten._native_batch_norm_legit_no_training.default": native_batch_norm,
    "aten.adaptive_avg_pool2d.default": adaptive_avg_pool2d,
    "aten.adaptive_max_pool2d.default": adaptive_max_pool2d,
    "aten.amax.default": largest,
    "aten.avg_pool2d.default": avg_pool2d,
    "aten.batch_norm.default": batch_norm,
    "aten.group_norm.default": group_norm,
    "aten.instance_norm.default": instance_norm,
    "aten.linear.default": linear,
    "aten.max_pool2d.default": max_pool2d,
    "aten.max_pool2d_with_indices.default": max_pool2d_with_indices,
    "aten.mean.dim": mean,
    "mcu_vision.rnn_pool.default": rnn_pool,
}
