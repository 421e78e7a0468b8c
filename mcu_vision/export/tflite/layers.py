"""Convolutions, dense layers and pooling."""

from __future__ import annotations

import numpy as np

from mcu_vision.export.tflite.expression import Expression
from mcu_vision.export.tflite.file import Options, Subgraph
from mcu_vision.export.tflite.flatbuffer import Number
from mcu_vision.export.tflite.writer import GraphWriter, exports, fused
from mcu_vision.ir import Op
from mcu_vision.ops import AveragePool2d, Conv2d, Dense, DepthwiseConv2d, MaxPool2d
from mcu_vision.ops.common import Padding, Pair, activation_range

SAME, VALID = 0, 1


def padding_scheme(size: Pair, kernel: Pair, stride: Pair, dilation: Pair, padding: Padding) -> int | None:
    """TensorFlow Lite's name of a padding, or None if it has none."""
    if not any(padding):
        return VALID
    same = []
    for n, k, s, d in zip(size, kernel, stride, dilation, strict=True):
        total = max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
        same.append((total // 2, total - total // 2))
    # A bottom or right edge that no window reaches does not matter.
    reached = [(b, min(a, s[1])) for b, a, s in zip(padding[:2], padding[2:], same, strict=True)]
    outputs = [
        (n + b + a - ((k - 1) * d + 1)) // s + 1
        for n, b, a, k, s, d in zip(size, padding[:2], padding[2:], kernel, stride, dilation, strict=True)
    ]
    fits = all(out == -(-n // s) for out, n, s in zip(outputs, size, stride, strict=True))
    return SAME if reached == same and fits else None


def _padded(writer: GraphWriter, op: Op, padding: Padding, fill: int) -> int:
    """The input with cells of `fill` around."""
    x = writer.input(op)
    _, h, w, c = x.shape
    top, left, bottom, right = padding
    out = writer.step(op, "padded", (1, h + top + bottom, w + left + right, c), x.quant)
    amounts = writer.main.constant([[0, 0], [top, bottom], [left, right], [0, 0]])
    if fill == x.quant.zero_point:
        writer.main.op("PAD", [writer.value(x.name), amounts], [out], Options(22, {}), 2)
    else:
        value = writer.main.tensor(f"{op.outputs[0]}/fill", (1,), "int8", x.quant, np.array([fill], np.int8))
        writer.main.op("PADV2", [writer.value(x.name), amounts, value], [out], Options(43, {}), 2)
    return out


@exports("conv2d", "depthwise_conv2d")
def export_convolution(writer: GraphWriter, op: Op) -> None:
    """A padding that has no name is an operator of its own."""
    assert isinstance(op, Conv2d | DepthwiseConv2d)
    x, weights = writer.input(op), writer.input(op, 1)
    kernel, size = (weights.shape[1], weights.shape[2]), (x.shape[1], x.shape[2])
    scheme = padding_scheme(size, kernel, op.stride, op.dilation, op.padding)
    source = writer.value(x.name) if scheme is not None else _padded(writer, op, op.padding, x.quant.zero_point)
    fields = [Number("i1", VALID if scheme is None else scheme), *(Number("i4", s) for s in op.stride[::-1])]
    fields += [Number("i4", 1)] if isinstance(op, DepthwiseConv2d) else []
    fields += [fused(op), *(Number("i4", d) for d in op.dilation[::-1])]
    kind = "DEPTHWISE_CONV_2D" if isinstance(op, DepthwiseConv2d) else "CONV_2D"
    options = Options(2 if isinstance(op, DepthwiseConv2d) else 1, dict(enumerate(fields)))
    writer.emit(op, kind, [source, writer.value(weights.name), writer.bias(op)], options, 3)


@exports("dense")
def export_dense(writer: GraphWriter, op: Op) -> None:
    """Several vectors are rows of a matrix."""
    assert isinstance(op, Dense)
    out, weights = writer.output(op), writer.input(op, 1)
    inputs = [writer.value(op.inputs[0]), writer.value(weights.name), writer.bias(op)]
    options = Options(8, {0: fused(op), 1: Number("i1", 0), 2: Number("u1", 0)})
    version = 4 if weights.quant.axis is None else 12
    if len(out.shape) == 2:
        writer.emit(op, "FULLY_CONNECTED", inputs, options, version)
        return
    rows = writer.step(op, "rows", out.shape[1:], out.quant)
    writer.main.op("FULLY_CONNECTED", inputs, [rows], options, version)
    writer.emit(op, "RESHAPE", [rows, writer.main.constant(out.shape)])


@exports("max_pool2d", "average_pool2d")
def export_pool(writer: GraphWriter, op: Op) -> None:
    assert isinstance(op, MaxPool2d | AveragePool2d)
    x = writer.input(op)
    scheme = padding_scheme((x.shape[1], x.shape[2]), op.size, op.stride, (1, 1), op.padding)
    if scheme is None and isinstance(op, AveragePool2d):
        writer.composite(op, lambda inside, inputs: _average(writer, op, inside, inputs[0]))
        return
    source = writer.value(x.name) if scheme is not None else _padded(writer, op, op.padding, -128)
    fields = [Number("i1", VALID if scheme is None else scheme), *(Number("i4", s) for s in op.stride[::-1])]
    fields += [*(Number("i4", s) for s in op.size[::-1]), fused(op)]
    kind = "AVERAGE_POOL_2D" if isinstance(op, AveragePool2d) else "MAX_POOL_2D"
    writer.emit(op, kind, [source], Options(5, dict(enumerate(fields))), 2)


def _average(writer: GraphWriter, op: AveragePool2d, inside: Subgraph, source: int) -> int:
    """The mean of the cells within the image, ties away from zero, in integers."""
    x, out = writer.input(op), writer.output(op)
    top, left, bottom, right = op.padding
    e = Expression(inside)
    wide = e.pad(e.cast(source), [(0, 0), (top, bottom), (left, right), (0, 0)])
    total = None
    for ky in range(op.size[0]):
        for kx in range(op.size[1]):
            spans = [((n - 1) * s + 1, s) for n, s in zip(out.shape[1:3], op.stride, strict=True)]
            part = e.slice(wide, (0, ky, kx, 0), [(1, 1), *spans, (x.shape[3], 1)])
            total = part if total is None else e.add(total, part)
    assert total is not None
    ones = np.pad(np.ones(x.shape[1:3], np.int32), ((top, bottom), (left, right)))
    view = np.lib.stride_tricks.sliding_window_view(ones, op.size)[:: op.stride[0], :: op.stride[1]]
    counts = view.sum((2, 3))[None, :, :, None].astype(np.int32)
    count, half = e.constant(counts), e.constant(counts // 2)
    above = e.divide(e.add(e.clip(total, 0, None), half), count)
    below = e.divide(e.add(e.clip(e.sub(None, total), 0, None), half), count)
    low, high = activation_range(op.activation, out.quant)
    return e.to_int8(e.clip(e.sub(above, below), low, high), out.quant)


@exports("mean", "sum")
def export_reduction(writer: GraphWriter, op: Op) -> None:
    inputs = [writer.value(op.inputs[0]), writer.main.constant([1, 2])]
    writer.emit(op, op.kind.upper(), inputs, Options(27, {0: Number("u1", 0)}), 2)
