"""Convolutions and fully connected layers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mcu_vision.frontends.tflite.builder import (
    Activation,
    GraphBuilder,
    check,
    check_activation,
    fused_activation,
    tensor_quantization,
)
from mcu_vision.frontends.tflite.registry import imports
from mcu_vision.ir import Array, Op, Quantization, Shape
from mcu_vision.ops import Concat, Conv2d, Conv2dInt16, Dense, DenseInt16, DepthwiseConv2d, DepthwiseConv2dInt16, Select
from mcu_vision.ops.common import Padding, Pair
from mcu_vision.ops.select import FILL

SAME, VALID = 0, 1
INT16: dict[type[Op], type[Op]] = {Conv2d: Conv2dInt16, DepthwiseConv2d: DepthwiseConv2dInt16, Dense: DenseInt16}
"""The same layers of int16 activations."""


def window_padding(scheme: int, size: Pair, kernel: Pair, stride: Pair, dilation: Pair) -> Padding:
    """TensorFlow Lite's padding of an image of `size` (H, W) for a sliding window."""
    check(scheme in (SAME, VALID), f"with padding scheme {scheme}")
    for values in (kernel, stride, dilation):
        check(all(1 <= v <= 127 for v in values), f"with a kernel, stride or dilation of {list(values)}")
    if scheme == VALID:
        return (0, 0, 0, 0)
    before, after = [], []
    for length, k, s, d in zip(size, kernel, stride, dilation, strict=True):
        total = max(0, (-(-length // s) - 1) * s + (k - 1) * d + 1 - length)
        check(total <= 127, f"with {total} cells of padding")
        before.append(total // 2)
        after.append(total - total // 2)
    return (before[0], before[1], after[0], after[1])


def image(builder: GraphBuilder, position: int = 0) -> Activation:
    """An operator's input, which must be one image (1, H, W, C)."""
    x = builder.activation(position)
    check(len(x.shape) == 4 and x.shape[0] == 1, f"of a tensor {list(x.shape)} (an image [1, H, W, C] is needed)")
    return x


def weights(builder: GraphBuilder, rank: int, channel_axis: int) -> tuple[Array, Quantization]:
    """The int8 weights at input 1, and their scales: one, or one for each index along `channel_axis`."""
    data, tensor = builder.constant(1, "int8"), builder.file_input(1)
    check(data.ndim == rank, f"with weights {list(data.shape)}")
    check(not any(tensor.zero_points), "with weights whose zero point is not 0")
    scales = len(tensor.scales)
    check(scales in (1, data.shape[channel_axis]), f"with {scales} scales for weights {list(data.shape)}")
    return data, Quantization(tensor.scales, 0, None if scales == 1 else channel_axis)


def bias(builder: GraphBuilder, channels: int, position: int = 2) -> Array:
    """The int32 bias at an input, or zeros."""
    if not builder.has_input(position):
        return np.zeros(channels, np.int32)
    wide = builder.file_input(0).dtype == "int16"
    data = builder.constant(position, "int64" if wide else "int32").reshape(-1)
    check(data.size == channels, f"with a bias of {data.size} values for {channels} channels")
    check(not wide or bool(np.all(data == data.astype(np.int32))), "with a bias of more than 32 bits")
    return data.astype(np.int32)


@dataclass(frozen=True)
class Layer:
    """A convolution as the file has it; weights as its operator wants them."""

    weights: Array
    quant: Quantization
    bias: Array
    stride: Pair
    dilation: Pair
    padding: Padding
    activation: str

    def emit(self, builder: GraphBuilder, kind: type[Op], x: Activation, shape: Shape) -> Activation:
        """This layer on x, with the quantisation of the operator's output; shape: the output's, of all groups."""
        kind = {"int8": kind, "int16": INT16[kind]}[builder.dtype(x)]
        return builder.emit(
            kind,
            [x],
            (*shape[:3], self.bias.size),
            tensor_quantization(builder.result()),
            {"weights": (self.weights, self.quant), "bias": (self.bias, None)},
            stride=self.stride,
            dilation=self.dilation,
            padding=self.padding,
            activation=self.activation,
        )

    def group(self, index: int, groups: int) -> Layer:
        """The part of the output channels that group `index` computes."""
        count = self.bias.size // groups
        of = slice(index * count, (index + 1) * count)
        quant = self.quant if self.quant.axis is None else Quantization(self.quant.scales[of], 0, 0)
        return replace(self, weights=self.weights[of], quant=quant, bias=self.bias[of])


def read_layer(builder: GraphBuilder, x: Activation, channel_axis: int) -> Layer:
    """A convolution's weights, bias and options, whose numbers a depthwise one has after its multiplier."""
    operator, shift = builder.operator, int(channel_axis == 3)
    data, quant = weights(builder, 4, channel_axis)
    stride = operator.integer(2), operator.integer(1)
    dilation = operator.integer(5 + shift, 1), operator.integer(4 + shift, 1)
    size, kernel = (x.shape[1], x.shape[2]), (data.shape[1], data.shape[2])
    padding = window_padding(operator.integer(0, 0, "i1"), size, kernel, stride, dilation)
    offset = bias(builder, data.shape[channel_axis])
    return Layer(data, quant, offset, stride, dilation, padding, fused_activation(operator, 3 + shift))


@imports(CONV_2D="kernel; groups are convolutions of their own")
def import_conv(builder: GraphBuilder) -> None:
    x = image(builder)
    builder.finish(emit_conv(builder, x, read_layer(builder, x, 0), builder.result().shape))


def emit_conv(builder: GraphBuilder, x: Activation, layer: Layer, shape: Shape) -> Activation:
    """A convolution of x that gives `shape`; groups are convolutions of their own, side by side."""
    channels, depth = x.shape[3], layer.weights.shape[3]
    groups = channels // depth
    check(
        groups * depth == channels and layer.bias.size % groups == 0, f"of {channels} channels with weights of {depth}"
    )
    if groups == 1:
        return layer.emit(builder, Conv2d, x, shape)
    parts = []
    for g in range(groups):
        of_group = tuple(range(g * depth, (g + 1) * depth))
        picked = builder.emit(Select, [x], (*x.shape[:3], depth), x.quant, channels=of_group)
        parts.append(layer.group(g, groups).emit(builder, Conv2d, picked, shape))
    return builder.emit(Concat, parts, shape, parts[0].quant)


@imports(DEPTHWISE_CONV_2D="kernel; a multiplier above 1 repeats input channels; one channel is a convolution")
def import_depthwise(builder: GraphBuilder) -> None:
    x = image(builder)
    builder.finish(emit_depthwise(builder, x, read_layer(builder, x, 3), builder.result().shape))


def emit_depthwise(builder: GraphBuilder, x: Activation, layer: Layer, shape: Shape) -> Activation:
    """A multiplier above 1 becomes repeated channels, or an ordinary convolution of a single channel."""
    channels, out_c = x.shape[3], layer.bias.size
    form = layer.weights.shape
    check(form[0] == 1 and out_c % channels == 0, f"of {channels} channels with weights {list(form)}")
    if channels == 1 and out_c > 1:
        quant = Quantization(layer.quant.scales, 0, None if layer.quant.axis is None else 0)
        layer = replace(layer, weights=layer.weights.transpose(3, 1, 2, 0), quant=quant)
        return layer.emit(builder, Conv2d, x, shape)
    if out_c > channels:
        repeated = tuple(c // (out_c // channels) for c in range(out_c))
        x = builder.emit(Select, [x], (*x.shape[:3], out_c), x.quant, channels=repeated)
    return layer.emit(builder, DepthwiseConv2d, x, shape)


@imports(TRANSPOSE_CONV="zeros between the pixels, then a convolution")
def import_transpose_conv(builder: GraphBuilder) -> None:
    """A convolution, with the kernel turned by half a turn, of the image with zeros between its pixels."""
    operator, x, out = builder.operator, image(builder, 2), builder.result()
    data, quant = weights(builder, 4, 0)
    out_c, kh, kw, depth = data.shape
    check(len(out.shape) == 4 and depth == x.shape[3], f"of {list(x.shape)} with weights {list(data.shape)}")
    check_activation(out)
    stride, size = (operator.integer(2), operator.integer(1)), (out.shape[1], out.shape[2])
    top, left, _, _ = window_padding(operator.integer(0, 0, "i1"), size, (kh, kw), stride, (1, 1))
    rows, columns = (
        _spread(n, before, target, k, s)
        for n, before, target, k, s in zip(x.shape[1:3], (top, left), size, (kh, kw), stride, strict=True)
    )
    shape = (1, len(rows), len(columns), depth)
    spread = builder.emit(Select, [x], shape, x.quant, rows=rows, columns=columns, fill=x.quant.zero_point)
    offset = bias(builder, out_c, 3)
    activation = fused_activation(operator, 3)
    turned = np.ascontiguousarray(data[:, ::-1, ::-1])
    layer = Layer(turned, quant, offset, (1, 1), (1, 1), (0, 0, 0, 0), activation)
    builder.finish(layer.emit(builder, Conv2d, spread, out.shape))


def _spread(length: int, before: int, target: int, kernel: int, stride: int) -> tuple[int, ...]:
    """The input place under each tap of a kernel that gives `target` outputs, or none."""
    at = range(before - kernel + 1, before + target)
    return tuple(p // stride if p % stride == 0 and 0 <= p // stride < length else FILL for p in at)


@imports(FULLY_CONNECTED="kernel, any number of vectors")
def import_fully_connected(builder: GraphBuilder) -> None:
    operator, x, out = builder.operator, builder.activation(), builder.result()
    kernel = weights(builder, 2, 0)
    check(operator.integer(1, 0, "i1") == 0, "with shuffled weights")
    constants = {"weights": kernel, "bias": (bias(builder, kernel[0].shape[0]), None)}
    activation = fused_activation(operator, 0)
    kind: type[Op] = {"int8": Dense, "int16": DenseInt16}[builder.dtype(x)]
    builder.finish(builder.emit(kind, [x], out.shape, tensor_quantization(out), constants, activation=activation))
