"""Operators in the integers of the reference, in types that hold them all.

float32 for sums of convolutions below 2**24, int64 for products with multipliers, float64 for what is rounded. Between
operators and of weights there is int8 alone: DequantizeLinear and QuantizeLinear of scale 1 take and give it.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from mcu_vision.export.onnx.arithmetic import DOUBLE, FLOAT, INT64, Arithmetic
from mcu_vision.export.onnx.writer import FIRST, LAST, OnnxWriter, exports_exactly
from mcu_vision.ir import Array, Op
from mcu_vision.ops import (
    AveragePool2d,
    BatchMatMul,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Mean,
    Mul,
    Prelu,
    Requantize,
    ResizeBilinear,
    Softmax,
    SquaredDifference,
)
from mcu_vision.ops.common import conv_multipliers
from mcu_vision.ops.resize_bilinear import ONE
from mcu_vision.ops.scaled_sum import LEFT_SHIFT, ScaledSum
from mcu_vision.ops.squared_difference import LEFT_SHIFT as SQUARED_SHIFT

FLOAT32_INTEGERS = 1 << 24
"""float32 holds every integer below it."""


@exports_exactly("conv2d", "depthwise_conv2d")
def export_convolution(writer: OnnxWriter, op: Op) -> None:
    """Input channels are taken in parts where a sum could leave what float32 holds."""
    assert isinstance(op, Conv2d | DepthwiseConv2d)
    a = Arithmetic(writer, op)
    x, weights, out = (writer.graph.tensors[n] for n in (*op.inputs[:2], op.outputs[0]))
    data, bias = op.constant(writer.graph, 1), op.constant(writer.graph, 2)
    depthwise = isinstance(op, DepthwiseConv2d)
    data = data.transpose(3, 0, 1, 2) if depthwise else data.transpose(0, 3, 1, 2)
    largest = max(127 - x.quant.zero_point, 128 + x.quant.zero_point)
    bound = int(np.abs(data.astype(np.int64)).sum((1, 2, 3)).max()) * largest
    parts = 1 if depthwise else min(data.shape[1], 2 * bound // FLOAT32_INTEGERS + 1)
    source = a.offset(0, FIRST, FLOAT)
    settings = {"strides": op.stride, "dilations": op.dilation, "pads": op.padding, "kernel_shape": data.shape[2:]}
    total = None
    for channels in np.array_split(np.arange(data.shape[1]), parts):
        part = source if parts == 1 else _channels(writer, source, int(channels[0]), int(channels[-1]) + 1)
        kernel = a.weights(data[:, channels])
        summed = a.cast(writer.add("Conv", [part, kernel], group=len(data) if depthwise else 1, **settings), INT64)
        total = summed if total is None else a.binary("Add", total, summed)
    assert total is not None
    multiplier, shift = conv_multipliers(x.quant, weights.quant, out.quant, len(bias))
    a.finish(a.scale(a.binary("Add", total, _map(bias)), _map(multiplier), _map(shift)), FIRST)


def _channels(writer: OnnxWriter, value: str, first: int, last: int) -> str:
    return writer.add("Slice", [value, *(writer.constant([n]) for n in (first, last, 1))])


def _map(per_channel: Array) -> Array:
    """Values of channels, that broadcast against maps with the channels first."""
    return np.asarray(per_channel, np.int64).reshape(1, -1, 1, 1)


@exports_exactly("dense")
def export_dense(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, Dense)
    a = Arithmetic(writer, op)
    x, weights, out = (writer.graph.tensors[n] for n in (*op.inputs[:2], op.outputs[0]))
    data, bias = op.constant(writer.graph, 1), op.constant(writer.graph, 2)
    rows = writer.reshape(a.offset(0, LAST, DOUBLE), (-1, data.shape[1]))
    total = a.cast(writer.add("MatMul", [rows, a.weights(data.T, DOUBLE)]), INT64)
    scaled = a.scale_once(a.binary("Add", total, bias), *conv_multipliers(x.quant, weights.quant, out.quant, len(bias)))
    a.finish(scaled if len(out.shape) == 2 else writer.reshape(scaled, out.shape))


@exports_exactly("average_pool2d")
def export_average_pool(writer: OnnxWriter, op: Op) -> None:
    """A mean that is a tie is exact in float32, and no other comes near one."""
    assert isinstance(op, AveragePool2d)
    a = Arithmetic(writer, op)
    source = a.cast(writer.quantized(op.inputs[0], FIRST), FLOAT)
    mean = writer.add("AveragePool", [source], kernel_shape=op.size, strides=op.stride, pads=op.padding)
    a.finish(a.away(a.cast(mean, DOUBLE)), FIRST, has_zero=True)


@exports_exactly("mean", "sum")
def export_reduction(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, Mean)
    a = Arithmetic(writer, op)
    total = writer.add("ReduceSum", [a.offset(0, FIRST), writer.constant([2, 3])], keepdims=0)
    scale = a.scale if op.kind == "mean" else a.scale_once
    a.finish(scale(total, *op._multiplier(writer.graph)))


@exports_exactly("add", "sub")
def export_scaled_sum(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, ScaledSum)
    a = Arithmetic(writer, op)
    *scales, result = op._multipliers(writer.graph)
    left, right = (_rescaled(a, i, LEFT_SHIFT, pair) for i, pair in enumerate(scales))
    total = writer.add("Add" if op.sign > 0 else "Sub", [left, right])
    a.finish(a.scale(a.cast(total, INT64), *result))


def _rescaled(a: Arithmetic, position: int, left_shift: int, scale: tuple[int, int]) -> str:
    return a.scale(a.binary("Mul", a.offset(position), 1 << left_shift), *scale)


@exports_exactly("squared_difference")
def export_squared_difference(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, SquaredDifference)
    a = Arithmetic(writer, op)
    *scales, result = op._multipliers(writer.graph)
    left, right = (_rescaled(a, i, SQUARED_SHIFT, pair) for i, pair in enumerate(scales))
    difference = a.cast(writer.add("Sub", [left, right]), INT64)
    a.finish(a.scale(writer.add("Mul", [difference, difference]), *result))


@exports_exactly("mul")
def export_mul(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, Mul)
    a = Arithmetic(writer, op)
    a.finish(a.scale(writer.add("Mul", [a.offset(0), a.offset(1)]), *op._multiplier(writer.graph)))


@exports_exactly("prelu")
def export_prelu(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, Prelu)
    a = Arithmetic(writer, op)
    x, slope = a.offset(0), a.offset(1)
    above, below = op._multipliers(writer.graph)
    values = [a.scale(x, *above), a.scale(writer.add("Mul", [x, slope]), *below)]
    a.finish(writer.add("Where", [a.binary("GreaterOrEqual", x, 0), *values]))


@exports_exactly("batch_matmul")
def export_batch_matmul(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, BatchMatMul)
    a = Arithmetic(writer, op)
    turned = writer.add("Transpose", [a.offset(1, LAST, DOUBLE)], perm=(0, 1, 3, 2))
    total = a.cast(writer.add("MatMul", [a.offset(0, LAST, DOUBLE), turned]), INT64)
    a.finish(a.scale(total, *op._multiplier(writer.graph)))


@exports_exactly("requantize")
def export_requantize(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, Requantize)
    a = Arithmetic(writer, op)
    a.finish(a.scale(a.offset(), *op._multiplier(writer.graph)))


@exports_exactly("resize_bilinear")
def export_resize_bilinear(writer: OnnxWriter, op: Op) -> None:
    """Along rows, then along columns, between the two places around each; ties of the sum away from zero."""
    assert isinstance(op, ResizeBilinear)
    a = Arithmetic(writer, op)
    value = a.cast(writer.quantized(op.inputs[0]), INT64)
    for axis in (1, 2):
        low, high, share = op._positions(writer.tensor(op).shape[axis], op.size[axis - 1])
        shares = share.reshape([-1 if i == axis else 1 for i in range(4)])
        parts = [
            a.binary("Mul", writer.add("Gather", [value, writer.constant(places)], axis=axis), factor)
            for places, factor in ((low, ONE - shares), (high, shares))
        ]
        value = writer.add("Add", parts)
    rounded = a.binary("Div", a.binary("Add", writer.add("Abs", [value]), ONE**2 // 2), ONE**2)
    signed = writer.add("Mul", [writer.add("Sign", [value]), rounded])
    writer.bind(op, a.cast(signed, TensorProto.INT8))


@exports_exactly("softmax")
def export_softmax(writer: OnnxWriter, op: Op) -> None:
    """In float32, one rounding an operation; CumSum adds in order."""
    assert isinstance(op, Softmax)
    a = Arithmetic(writer, op)
    x = a.offset()
    below = writer.add("Sub", [writer.add("ReduceMax", [x], axes=[-1], keepdims=1), x])
    e = writer.add("Gather", [writer.constant(op.exp_table(writer.graph), "float32"), below])
    channels = writer.tensor(op).shape[-1]
    sums = writer.add("CumSum", [e, writer.constant(-1)])
    total = writer.add("Gather", [sums, writer.constant([channels - 1])], axis=-1)
    share = writer.add("Div", [writer.constant(256, "float32"), total])
    doubled = a.cast(a.binary("Mul", writer.add("Mul", [e, share]), 2, "float32"), INT64)
    rounded = a.binary("Min", a.binary("Div", a.binary("Add", doubled, 1), 2), 255)
    writer.bind(op, a.cast(a.binary("Sub", rounded, 128), TensorProto.INT8))
