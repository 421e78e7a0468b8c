"""Operators as ONNX has them."""

from __future__ import annotations

import numpy as np

from mcu_vision.export.onnx.writer import FIRST, LAST, OnnxWriter, exports
from mcu_vision.ir import Op
from mcu_vision.ops import (
    AveragePool2d,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    GroupNorm,
    MaxPool2d,
    Rearrange,
    ResizeBilinear,
    Select,
    Softmax,
)
from mcu_vision.ops.select import FILL

_PAIRS = {"add": "Add", "sub": "Sub", "mul": "Mul", "minimum": "Min", "maximum": "Max", "prelu": "PRelu"}


@exports("conv2d", "depthwise_conv2d")
def export_convolution(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, Conv2d | DepthwiseConv2d)
    data = op.constant(writer.graph, 1)
    depthwise = isinstance(op, DepthwiseConv2d)
    data = data.transpose(3, 0, 1, 2) if depthwise else data.transpose(0, 3, 1, 2)
    inputs = [writer.real(op.inputs[0], FIRST), writer.weights(op, data, 0), writer.bias(op)]
    convolved = writer.add(
        "Conv",
        inputs,
        kernel_shape=data.shape[2:],
        strides=op.stride,
        dilations=op.dilation,
        pads=op.padding,
        group=len(data) if depthwise else 1,
    )
    writer.finish(op, convolved, FIRST)


@exports("dense")
def export_dense(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, Dense)
    data, out = op.constant(writer.graph, 1), writer.output(op)
    rows = writer.reshape(writer.real(op.inputs[0]), (-1, data.shape[1]))
    product = writer.add("Gemm", [rows, writer.weights(op, data, 0), writer.bias(op)], transB=1)
    writer.finish(op, product if len(out.shape) == 2 else writer.reshape(product, out.shape))


@exports("max_pool2d", "average_pool2d")
def export_pool(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, MaxPool2d | AveragePool2d)
    kind = "MaxPool" if isinstance(op, MaxPool2d) else "AveragePool"
    source = writer.real(op.inputs[0], FIRST)
    pooled = writer.add(kind, [source], kernel_shape=op.size, strides=op.stride, pads=op.padding)
    writer.finish(op, pooled, FIRST)


@exports("mean", "sum")
def export_reduction(writer: OnnxWriter, op: Op) -> None:
    source = writer.real(op.inputs[0], FIRST)
    if op.kind == "mean":
        writer.finish(op, writer.add("ReduceMean", [source], axes=[2, 3], keepdims=0))
        return
    writer.finish(op, writer.add("ReduceSum", [source, writer.constant([2, 3])], keepdims=0))


@exports(*_PAIRS)
def export_pair(writer: OnnxWriter, op: Op) -> None:
    values = [writer.real(name, FIRST) for name in op.inputs]
    writer.finish(op, writer.add(_PAIRS[op.kind], values), FIRST)


@exports("squared_difference")
def export_squared_difference(writer: OnnxWriter, op: Op) -> None:
    difference = writer.add("Sub", [writer.real(name, FIRST) for name in op.inputs])
    writer.finish(op, writer.add("Mul", [difference, difference]), FIRST)


@exports("batch_matmul")
def export_batch_matmul(writer: OnnxWriter, op: Op) -> None:
    """The second matrix is given transposed."""
    a, b = (writer.real(name) for name in op.inputs)
    turned = writer.add("Transpose", [b], perm=(0, 1, 3, 2))
    writer.finish(op, writer.add("MatMul", [a, turned]))


@exports("requantize")
def export_requantize(writer: OnnxWriter, op: Op) -> None:
    writer.finish(op, writer.real(op.inputs[0], FIRST), FIRST)


@exports("softmax", "log_softmax")
def export_softmax(writer: OnnxWriter, op: Op) -> None:
    value = writer.real(op.inputs[0])
    if isinstance(op, Softmax) and op.beta != 1:
        value = writer.add("Mul", [value, writer.constant(np.float32(op.beta), "float32")])
    kind = "Softmax" if isinstance(op, Softmax) else "LogSoftmax"
    writer.finish(op, writer.add(kind, [value], axis=-1))


@exports("arg_max", "arg_min")
def export_arg_extremum(writer: OnnxWriter, op: Op) -> None:
    kind = "ArgMax" if op.kind == "arg_max" else "ArgMin"
    index = writer.add(kind, [writer.real(op.inputs[0])], axis=-1, keepdims=0)
    writer.bind(op, writer.add("Cast", [index], to=6))


@exports("l2_normalize")
def export_l2_normalize(writer: OnnxWriter, op: Op) -> None:
    """A vector of zeros stays one."""
    value = writer.real(op.inputs[0])
    norm = writer.add("ReduceL2", [value], axes=[-1], keepdims=1)
    safe = writer.add("Max", [norm, writer.constant(np.float32(1e-12), "float32")])
    writer.finish(op, writer.add("Div", [value, safe]))


@exports("group_norm")
def export_group_norm(writer: OnnxWriter, op: Op) -> None:
    """Normalisation of each group as an instance; scale and offset are the integers' values."""
    assert isinstance(op, GroupNorm)
    _, h, w, channels = writer.output(op).shape
    scale, offset = (op.constant(writer.graph, i) for i in (1, 2))
    step = writer.output(op).quant.scale
    per_channel = scale[:, 0] * 2.0 ** (scale[:, 1] - 31) * step
    grouped = writer.reshape(writer.real(op.inputs[0], FIRST), (1, op.groups, -1))
    ones, zeros = writer.constant(np.ones(op.groups), "float32"), writer.constant(np.zeros(op.groups), "float32")
    normal = writer.add("InstanceNormalization", [grouped, ones, zeros], epsilon=op.epsilon)
    value = writer.reshape(normal, (1, channels, h, w))
    value = writer.add("Mul", [value, writer.constant(per_channel.reshape(1, -1, 1, 1), "float32")])
    value = writer.add("Add", [value, writer.constant((offset * step).reshape(1, -1, 1, 1), "float32")])
    writer.finish(op, value, FIRST)


@exports("lookup")
def export_lookup(writer: OnnxWriter, op: Op) -> None:
    """Places in a table of integers."""
    wide = writer.add("Cast", [writer.quantized(op.inputs[0])], to=6)
    places = writer.add("Add", [wide, writer.constant(128, "int32")])
    table = writer.constant(op.constant(writer.graph, 1), "int8")
    writer.bind(op, writer.add("Gather", [table, places], axis=0))


@exports("constant")
def export_constant(writer: OnnxWriter, op: Op) -> None:
    writer.bind(op, writer.constant(op.constant(writer.graph, 0), "int8"))


@exports("concat", "join")
def export_concat(writer: OnnxWriter, op: Op) -> None:
    """Along channels, or, of strips and vectors that are joined, along their length."""
    axis = 3 if op.kind == "concat" else len(writer.output(op).shape) // 2
    writer.bind(op, writer.add("Concat", [writer.quantized(name) for name in op.inputs], axis=axis))


@exports("rearrange")
def export_rearrange(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, Rearrange)
    value = writer.quantized(op.inputs[0])
    if op.axes != tuple(sorted(op.axes)):
        value = writer.add("Transpose", [writer.reshape(value, op.view)], perm=op.axes)
    writer.bind(op, writer.reshape(value, writer.output(op).shape))


@exports("resize_bilinear")
def export_resize_bilinear(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, ResizeBilinear)
    _, h, w, channels = writer.output(op).shape
    mode = "align_corners" if op.align_corners else "half_pixel" if op.half_pixel_centers else "asymmetric"
    inputs = [writer.real(op.inputs[0], FIRST), "", "", writer.constant((1, channels, h, w))]
    resized = writer.add("Resize", inputs, mode="linear", coordinate_transformation_mode=mode)
    writer.finish(op, resized, FIRST)


@exports("select")
def export_select(writer: OnnxWriter, op: Op) -> None:
    """One cell of the fill at the end of each axis, which places without a value take."""
    assert isinstance(op, Select)
    shape = writer.tensor(op).shape
    picked = {axis: places for axis, places in enumerate((op.rows, op.columns, op.channels), 1) if places}
    value = writer.quantized(op.inputs[0])
    pads = np.zeros(8, np.int64)
    for axis, places in picked.items():
        pads[4 + axis] = FILL in places
    if pads.any():
        value = writer.add("Pad", [value, writer.constant(pads), writer.constant(op.fill, "int8")])
    for axis, places in picked.items():
        taken = [shape[axis] if place == FILL else place for place in places]
        value = writer.add("Gather", [value, writer.constant(taken)], axis=axis)
    writer.bind(op, value, LAST)
