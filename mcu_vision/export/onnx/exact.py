"""Operators in the integers of the reference, in types that hold them all.

float32 for sums of convolutions below 2**24, int64 for products with multipliers, float64 for what is rounded.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

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
    SquaredDifference,
)
from mcu_vision.ops.common import activation_range, conv_multipliers
from mcu_vision.ops.scaled_sum import LEFT_SHIFT, ScaledSum
from mcu_vision.ops.squared_difference import LEFT_SHIFT as SQUARED_SHIFT

FLOAT32_INTEGERS = 1 << 24
"""float32 holds every integer below it."""
INT64, DOUBLE, FLOAT = int(TensorProto.INT64), int(TensorProto.DOUBLE), int(TensorProto.FLOAT)
_NAMES = {INT64: "int64", DOUBLE: "float64", FLOAT: "float32"}


class _Arithmetic:
    """The reference's arithmetic as nodes."""

    def __init__(self, writer: OnnxWriter, op: Op) -> None:
        self.writer, self.op = writer, op

    def offset(self, position: int = 0, layout: str = LAST, to: int = INT64) -> str:
        """An input less its zero point, in another type."""
        writer = self.writer
        name = self.op.inputs[position]
        wide = writer.add("Cast", [writer.quantized(name, layout)], to=to)
        return self.binary("Sub", wide, writer.graph.tensors[name].quant.zero_point, _NAMES[to])

    def binary(self, kind: str, a: str, b: str | npt.ArrayLike, dtype: str = "int64") -> str:
        """An operator on a value and a value or constant."""
        return self.writer.add(kind, [a, b if isinstance(b, str) else self.writer.constant(b, dtype)])

    def cast(self, value: str, to: int) -> str:
        """The same numbers in another type."""
        return self.writer.add("Cast", [value], to=to)

    def away(self, value: str) -> str:
        """float64 rounded to whole numbers, ties away from zero."""
        raised = self.binary("Add", self.writer.add("Abs", [value]), 0.5, "float64")
        return self.writer.add("Mul", [self.writer.add("Sign", [value]), self.writer.add("Floor", [raised])])

    def scale(self, value: str, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> str:
        """mcu_vision.int8.multiply_by_quantized_multiplier of int64, as float64.

        Rounded half up to the high word, by a division of what an offset keeps positive; then divided, ties away.
        """
        shifts = np.asarray(shift, np.int64)
        factor = np.asarray(multiplier, np.int64) << np.maximum(shifts, 0)
        product = self.binary("Add", self.binary("Mul", value, factor), (1 << 62) + (1 << 30))
        high = self.binary("Sub", self.binary("Div", product, 1 << 31), 1 << 31)
        divided = self.binary("Mul", self.cast(high, DOUBLE), 2.0 ** np.minimum(shifts, 0), "float64")
        return self.away(divided)

    def scale_once(self, value: str, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> str:
        """mcu_vision.int8.multiply_rounding_once of int64, as float64."""
        bits = 31 - np.asarray(shift, np.int64)
        product = self.binary("Mul", self.writer.add("Abs", [value]), np.asarray(multiplier, np.int64))
        rounded = self.binary("Div", self.binary("Add", product, 1 << (bits - 1)), 1 << bits)
        return self.cast(self.writer.add("Mul", [self.writer.add("Sign", [value]), rounded]), DOUBLE)

    def finish(self, value: str, layout: str = LAST, zero: int | None = None) -> None:
        """The operator gives float64 `value`, to which its zero point is added, clamped."""
        writer, quant = self.writer, self.writer.output(self.op).quant
        shifted = self.binary("Add", value, quant.zero_point if zero is None else zero, "float64")
        limits = activation_range(getattr(self.op, "activation", "none"), quant)
        clamped = writer.add("Clip", [shifted, *(writer.constant(n, "float64") for n in limits)])
        writer.bind(self.op, self.cast(clamped, TensorProto.INT8), layout)


@exports_exactly("conv2d", "depthwise_conv2d")
def export_convolution(writer: OnnxWriter, op: Op) -> None:
    """Input channels are taken in parts where a sum could leave what float32 holds."""
    assert isinstance(op, Conv2d | DepthwiseConv2d)
    a = _Arithmetic(writer, op)
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
        kernel = writer.constant(data[:, channels], "float32")
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
    a = _Arithmetic(writer, op)
    x, weights, out = (writer.graph.tensors[n] for n in (*op.inputs[:2], op.outputs[0]))
    data, bias = op.constant(writer.graph, 1), op.constant(writer.graph, 2)
    rows = writer.reshape(a.offset(0, LAST, DOUBLE), (-1, data.shape[1]))
    total = a.cast(writer.add("MatMul", [rows, writer.constant(data.T, "float64")]), INT64)
    scaled = a.scale_once(a.binary("Add", total, bias), *conv_multipliers(x.quant, weights.quant, out.quant, len(bias)))
    a.finish(scaled if len(out.shape) == 2 else writer.reshape(scaled, out.shape))


@exports_exactly("average_pool2d")
def export_average_pool(writer: OnnxWriter, op: Op) -> None:
    """A mean that is a tie is exact in float32, and no other comes near one."""
    assert isinstance(op, AveragePool2d)
    a = _Arithmetic(writer, op)
    source = a.cast(writer.quantized(op.inputs[0], FIRST), FLOAT)
    mean = writer.add("AveragePool", [source], kernel_shape=op.size, strides=op.stride, pads=op.padding)
    a.finish(a.away(a.cast(mean, DOUBLE)), FIRST, 0)


@exports_exactly("mean", "sum")
def export_reduction(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, Mean)
    a = _Arithmetic(writer, op)
    total = writer.add("ReduceSum", [a.offset(0, FIRST), writer.constant([2, 3])], keepdims=0)
    scale = a.scale if op.kind == "mean" else a.scale_once
    a.finish(scale(total, *op._multiplier(writer.graph)))


@exports_exactly("add", "sub")
def export_scaled_sum(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, ScaledSum)
    a = _Arithmetic(writer, op)
    *scales, result = op._multipliers(writer.graph)
    left, right = (_rescaled(a, i, LEFT_SHIFT, pair) for i, pair in enumerate(scales))
    total = writer.add("Add" if op.sign > 0 else "Sub", [left, right])
    a.finish(a.scale(a.cast(total, INT64), *result))


def _rescaled(a: _Arithmetic, position: int, left_shift: int, scale: tuple[int, int]) -> str:
    return a.scale(a.binary("Mul", a.offset(position), 1 << left_shift), *scale)


@exports_exactly("squared_difference")
def export_squared_difference(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, SquaredDifference)
    a = _Arithmetic(writer, op)
    *scales, result = op._multipliers(writer.graph)
    left, right = (_rescaled(a, i, SQUARED_SHIFT, pair) for i, pair in enumerate(scales))
    difference = a.cast(writer.add("Sub", [left, right]), INT64)
    a.finish(a.scale(writer.add("Mul", [difference, difference]), *result))


@exports_exactly("mul")
def export_mul(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, Mul)
    a = _Arithmetic(writer, op)
    a.finish(a.scale(writer.add("Mul", [a.offset(0), a.offset(1)]), *op._multiplier(writer.graph)))


@exports_exactly("prelu")
def export_prelu(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, Prelu)
    a = _Arithmetic(writer, op)
    x, slope = a.offset(0), a.offset(1)
    above, below = op._multipliers(writer.graph)
    values = [a.scale(x, *above), a.scale(writer.add("Mul", [x, slope]), *below)]
    a.finish(writer.add("Where", [a.binary("GreaterOrEqual", x, 0), *values]))


@exports_exactly("batch_matmul")
def export_batch_matmul(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, BatchMatMul)
    a = _Arithmetic(writer, op)
    turned = writer.add("Transpose", [a.offset(1, LAST, DOUBLE)], perm=(0, 1, 3, 2))
    total = a.cast(writer.add("MatMul", [a.offset(0, LAST, DOUBLE), turned]), INT64)
    a.finish(a.scale(total, *op._multiplier(writer.graph)))


@exports_exactly("requantize")
def export_requantize(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, Requantize)
    a = _Arithmetic(writer, op)
    a.finish(a.scale(a.offset(), *op._multiplier(writer.graph)))
