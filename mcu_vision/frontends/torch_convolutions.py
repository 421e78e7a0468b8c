"""Convolutions: aten operators to operators of the graph."""

from __future__ import annotations

from typing import Any

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
from mcu_vision.ops import Concat, Conv2d, Dense, DepthwiseConv2d, Select
from mcu_vision.ops.common import Padding


def _conv_padding(padding: Any, kernel: tuple[int, int], dilation: tuple[int, int]) -> Padding:
    if padding == "valid":
        return NO_PADDING
    if padding == "same":
        total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        top, left = total[0] // 2, total[1] // 2
        return (top, left, total[0] - top, total[1] - left)
    rows, columns = pair(padding)
    return (rows, columns, rows, columns)


def _add_padding(a: Padding, b: Padding) -> Padding:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3])


def conv2d(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Weights (O, I, kh, kw) become (O, kh, kw, I), depthwise ones (1, kh, kw, C)."""
    x, weights = a["input"], to_array(a["weight"])
    stride, dilation, groups = pair(a["stride"]), pair(a["dilation"]), int(a["groups"])
    out, depth, kh, kw = weights.shape
    bias = bias_vector(a["bias"], out)
    check(isinstance(x, Activation) and x.map_shape is None, "of a flattened map")
    if builder.is_vector(x) and (kh, kw, groups) == (1, 1, 1):
        return builder.emit(Dense, [x], {"weights": weights[:, :, 0, 0], "bias": bias}, shape)
    padding = _add_padding(_conv_padding(a["padding"], (kh, kw), dilation), x.padding)
    attributes: Arguments = {"stride": stride, "dilation": dilation, "padding": padding}
    if groups == 1:
        constants = {"weights": weights.transpose(0, 2, 3, 1), "bias": bias}
        return builder.emit(Conv2d, [x], constants, shape, **attributes)
    if depth > 1:
        return _grouped(builder, x, weights, bias, groups, shape, attributes)
    if out > groups:  # several filters a channel
        x = repeat_channels(builder, x, out // groups)
    constants = {"weights": weights.transpose(1, 2, 3, 0), "bias": bias}
    return builder.emit(DepthwiseConv2d, [x], constants, shape, **attributes)


def repeat_channels(builder: GraphBuilder, x: Activation, times: int) -> Activation:
    """Each channel so many times in a row."""
    channels = tuple(c for c in range(x.shape[1]) for _ in range(times))
    shape = (x.shape[0], len(channels), *x.shape[2:])
    return builder.emit(Select, [x], {}, shape, channels=channels)


def _grouped(
    builder: GraphBuilder, x: Activation, weights: Array, bias: Array, groups: int, shape: Shape, attributes: Arguments
) -> Value:
    """A convolution for each group, of its channels alone."""
    depth, width = weights.shape[1], weights.shape[0] // groups
    parts = []
    for group in range(groups):
        channels = tuple(range(group * depth, (group + 1) * depth))
        part = builder.emit(Select, [x], {}, (1, depth, *x.shape[2:]), channels=channels)
        own = slice(group * width, (group + 1) * width)
        constants = {"weights": weights[own].transpose(0, 2, 3, 1), "bias": bias[own]}
        parts.append(builder.emit(Conv2d, [part], constants, (1, width, *shape[2:]), **attributes))
    return builder.emit(Concat, parts, {}, shape)


def conv_transpose2d(builder: GraphBuilder, a: Arguments, shape: Shape) -> Value:
    """Zeros between the pixels, then a convolution with the filter turned around."""
    x, weights = builder.plain(a["input"]), to_array(a["weight"])
    check(int(a["groups"]) == 1, f"with groups={a['groups']}")
    (_, out, *kernel), stride, dilation = weights.shape, pair(a["stride"]), pair(a["dilation"])
    places, padding = [], []
    for i in range(2):
        around = dilation[i] * (kernel[i] - 1) - pair(a["padding"])[i]
        spread = [y // stride[i] if y % stride[i] == 0 else -1 for y in range((x.shape[2 + i] - 1) * stride[i] + 1)]
        spread += [-1] * pair(a["output_padding"])[i]
        cut = max(0, -around)
        places.append(tuple(spread[cut : len(spread) - cut]))
        padding.append(max(0, around))
    spread_shape = (1, x.shape[1], len(places[0]), len(places[1]))
    if stride != (1, 1) or spread_shape != x.shape:
        x = builder.emit(Select, [x], {}, spread_shape, rows=places[0], columns=places[1])
    turned = weights[:, :, ::-1, ::-1].transpose(1, 2, 3, 0)
    constants = {"weights": turned, "bias": bias_vector(a["bias"], out)}
    attributes: Arguments = {"dilation": dilation, "padding": (*padding, *padding)}
    return builder.emit(Conv2d, [x], constants, shape, **attributes)


CONVOLUTIONS: dict[str, Importer] = {
    "aten.conv2d.default": conv2d,
    "aten.conv2d.padding": conv2d,
    "aten.conv_transpose2d.input": conv_transpose2d,
}
