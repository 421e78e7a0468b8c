"""Layers with weights, and pooling: aten operators to operators of the graph.

Each importer takes the builder, the node's arguments by schema name, and the shape of its result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mcu_vision.frontends.torch_values import (
    NO_PADDING,
    Activation,
    GraphBuilder,
    Unsupported,
    Value,
    check,
    to_array,
)
from mcu_vision.ir import Array, Op, Shape
from mcu_vision.ops import (
    AveragePool2d,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    MaxPool2d,
    Mean,
    RnnPool,
    ScaleChannels,
)
from mcu_vision.ops.common import Padding

Arguments = dict[str, Any]
Importer = Callable[[GraphBuilder, Arguments, Shape], Value]


def _pair(value: Any) -> tuple[int, int]:
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return (int(values[0]), int(values[-1]))


def _bias(value: Any, channels: int) -> Array:
    return np.zeros(channels, np.float32) if value is None else to_array(value)


def _conv_padding(padding: Any, kernel: tuple[int, int], dilation: tuple[int, int]) -> Padding:
    if padding == "valid":
        return NO_PADDING
    if padding == "same":
        total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        top, left = total[0] // 2, total[1] // 2
        return (top, left, total[0] - top, total[1] - left)
    rows, columns = _pair(padding)
    return (rows, columns, rows, columns)


def _add_padding(a: Padding, b: Padding) -> Padding:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3])


def conv2d(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Weights (O, I, kh, kw) become (O, kh, kw, I), depthwise ones (1, kh, kw, C)."""
    x, weights = a["input"], to_array(a["weight"])
    stride, dilation, groups = _pair(a["stride"]), _pair(a["dilation"]), int(a["groups"])
    out, depth, kh, kw = weights.shape
    bias = _bias(a["bias"], out)
    check(isinstance(x, Activation) and x.map_shape is None, "of a flattened map")
    if builder.is_vector(x) and (kh, kw, groups) == (1, 1, 1):
        return builder.emit(Dense, [x], {"weights": weights[:, :, 0, 0], "bias": bias}, shape)
    padding = _add_padding(_conv_padding(a["padding"], (kh, kw), dilation), x.padding)
    attributes: Arguments = {"stride": stride, "dilation": dilation, "padding": padding}
    if groups == 1:
        constants = {"weights": weights.transpose(0, 2, 3, 1), "bias": bias}
        return builder.emit(Conv2d, [x], constants, shape, **attributes)
    check(depth == 1 and out == groups, f"with groups={groups} (only 1, or one a channel)")
    constants = {"weights": weights.transpose(1, 2, 3, 0), "bias": bias}
    return builder.emit(DepthwiseConv2d, [x], constants, shape, **attributes)


def linear(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Columns for a flattened map (C, H, W) are put in (H, W, C) order."""
    x, weights = a["input"], to_array(a["weight"])
    check(isinstance(x, Activation) and len(x.shape) == 2, "of anything but (1, features)")
    if x.map_shape is not None:
        ordered = weights.reshape(-1, *x.map_shape).transpose(0, 2, 3, 1)
        weights = ordered.reshape(weights.shape)
    constants = {"weights": weights, "bias": _bias(a["bias"], weights.shape[0])}
    return builder.emit(Dense, [x], constants, shape)


def batch_norm(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Evaluation mode: x * scale + offset with the running statistics."""
    check(not a.get("training"), "in training mode")
    mean, variance = to_array(a["running_mean"]), to_array(a["running_var"])
    scale = np.float64(1) / np.sqrt(variance.astype(np.float64) + a["eps"])
    if a["weight"] is not None:
        scale = scale * to_array(a["weight"])
    offset = _bias(a["bias"], len(mean)) - mean * scale
    x = builder.plain(a["input"])
    return builder.emit(ScaleChannels, [x], {"scale": scale, "offset": offset}, shape)


def native_batch_norm(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """The decomposed form gives a tuple."""
    return (batch_norm(builder, a, shape),)


def _check_no_ceil(a: Arguments, x: Activation, shape: Shape, size: tuple[int, int]) -> None:
    stride = _pair(a["stride"] or size)
    padding = _pair(a["padding"])
    floors = tuple((x.shape[2 + i] + 2 * padding[i] - size[i]) // stride[i] + 1 for i in range(2))
    check(floors == shape[2:], "with ceil_mode that adds cells")


def max_pool2d(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Padding counts as minus infinity, as in torch."""
    x, size = builder.plain(a["self"]), _pair(a["kernel_size"])
    check(_pair(a["dilation"]) == (1, 1), f"with dilation={a['dilation']}")
    _check_no_ceil(a, x, shape, size)
    rows, columns = _pair(a["padding"])
    stride = _pair(a["stride"] or size)
    return builder.emit(MaxPool2d, [x], {}, shape, size=size, stride=stride, padding=(rows, columns) * 2)


def max_pool2d_with_indices(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Only the values of the pair can be used."""
    return (max_pool2d(builder, a, shape),)


def avg_pool2d(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Padding that counts (count_include_pad) is written out, other padding is left to the operator."""
    x, size = builder.plain(a["self"]), _pair(a["kernel_size"])
    check(a["divisor_override"] is None, "with divisor_override")
    _check_no_ceil(a, x, shape, size)
    rows, columns = _pair(a["padding"])
    padding: Padding = (rows, columns, rows, columns)
    if a["count_include_pad"] and padding != NO_PADDING:
        x = builder.write_padding(Activation(x.name, x.shape, padding))
        padding = NO_PADDING
    stride = _pair(a["stride"] or size)
    return builder.emit(AveragePool2d, [x], {}, shape, size=size, stride=stride, padding=padding)


def adaptive_avg_pool2d(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """One cell is a mean; sizes that divide the map are plain pooling."""
    x, target = builder.plain(a["self"]), _pair(a["output_size"])
    if target == (1, 1):
        return x if builder.is_vector(x) else builder.emit(Mean, [x], {}, shape)
    check(x.shape[2] % target[0] == 0 and x.shape[3] % target[1] == 0, f"to {list(target)} from {list(x.shape)}")
    size = (x.shape[2] // target[0], x.shape[3] // target[1])
    return builder.emit(AveragePool2d, [x], {}, shape, size=size, stride=size)


def mean(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Only over height and width together."""
    x = builder.plain(a["self"])
    dims = sorted(d % len(x.shape) for d in a["dim"] or [])
    check(len(x.shape) == 4 and dims == [2, 3], f"over dim={a['dim']} (only height and width)")
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


def replicate_pool(op: Op | None, padding: list[int]) -> None:
    """Fuse replication by one behind RNNPool into it; Unsupported in any other place."""
    if not isinstance(op, RnnPool) or op.replicate_last or padding != [0, 1, 0, 1]:
        raise Unsupported("other than by one row and column at the end, behind RNNPool")
    op.replicate_last = True


LAYERS: dict[str, Importer] = {
    "aten._adaptive_avg_pool2d.default": adaptive_avg_pool2d,
    "aten._native_batch_norm_legit_no_training.default": native_batch_norm,
    "aten.adaptive_avg_pool2d.default": adaptive_avg_pool2d,
    "aten.avg_pool2d.default": avg_pool2d,
    "aten.batch_norm.default": batch_norm,
    "aten.conv2d.default": conv2d,
    "aten.conv2d.padding": conv2d,
    "aten.linear.default": linear,
    "aten.max_pool2d.default": max_pool2d,
    "aten.max_pool2d_with_indices.default": max_pool2d_with_indices,
    "aten.mean.dim": mean,
    "mcu_vision.rnn_pool.default": rnn_pool,
}
