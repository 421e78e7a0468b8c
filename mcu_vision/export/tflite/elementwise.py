"""Operators on each value or each vector of channels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcu_vision.export.tflite.expression import Expression
from mcu_vision.export.tflite.file import Options, Subgraph
from mcu_vision.export.tflite.flatbuffer import Number
from mcu_vision.export.tflite.writer import GraphWriter, exports, fused
from mcu_vision.ir import Op
from mcu_vision.ops import BatchMatMul, L2Normalize, Requantize, Softmax

_ARITHMETIC = {"add": 11, "sub": 28, "mul": 21}
_OTHERS = {"minimum": (39, 2), "maximum": (39, 2), "prelu": (None, 1), "squared_difference": (76, 2)}
_RELUS = {"relu": ("RELU", 2), "relu6": ("RELU6", 2), "relu_n1_to_1": ("RELU_N1_TO_1", 1)}
_L2_BITS = 7


@exports("add", "sub", "mul")
def export_arithmetic(writer: GraphWriter, op: Op) -> None:
    inputs = [writer.value(name) for name in op.inputs]
    writer.emit(op, op.kind.upper(), inputs, Options(_ARITHMETIC[op.kind], {0: fused(op)}), 2)


@exports(*_OTHERS)
def export_pair(writer: GraphWriter, op: Op) -> None:
    number, version = _OTHERS[op.kind]
    options = None if number is None else Options(number, {})
    writer.emit(op, op.kind.upper(), [writer.value(name) for name in op.inputs], options, version)


@exports("batch_matmul")
def export_batch_matmul(writer: GraphWriter, op: Op) -> None:
    """The second matrix is given transposed."""
    assert isinstance(op, BatchMatMul)
    options = Options(101, {0: Number("u1", 0), 1: Number("u1", 1)})
    writer.emit(op, "BATCH_MATMUL", [writer.value(name) for name in op.inputs], options, 2)


@exports("requantize")
def export_requantize(writer: GraphWriter, op: Op) -> None:
    """A rectifier that changes the scale is two operators: the one of TensorFlow Lite rounds the ratio to float32."""
    assert isinstance(op, Requantize)
    x, out = writer.input(op), writer.output(op)
    source = writer.value(x.name)
    if op.activation == "none":
        writer.emit(op, "QUANTIZE", [source], None, 2)
        return
    if x.quant != out.quant:
        scaled = writer.step(op, "scaled", x.shape, out.quant)
        writer.main.op("QUANTIZE", [source], [scaled], None, 2)
        source = scaled
    kind, version = _RELUS[op.activation]
    writer.emit(op, kind, [source], None, version)


@exports("softmax", "log_softmax")
def export_softmax(writer: GraphWriter, op: Op) -> None:
    options = Options(9, {0: Number("f4", op.beta)}) if isinstance(op, Softmax) else Options(36, {})
    writer.emit(op, op.kind.upper(), [writer.value(op.inputs[0])], options, 2)


@exports("arg_max", "arg_min")
def export_arg_extremum(writer: GraphWriter, op: Op) -> None:
    x = writer.input(op)
    inputs = [writer.value(x.name), writer.main.constant([len(x.shape) - 1])]
    number = 40 if op.kind == "arg_max" else 57
    writer.emit(op, op.kind.upper(), inputs, Options(number, {0: Number("i1", 2)}), 2)


@exports("lookup")
def export_lookup(writer: GraphWriter, op: Op) -> None:
    """A composite: places in a table."""

    def body(inside: Subgraph, inputs: list[int]) -> int:
        e = Expression(inside)
        places = e.add(e.cast(inputs[0]), e.number(128))
        return e.gather(inputs[1], places, 0, "int8", writer.output(op).quant)

    writer.composite(op, body)


@exports("l2_normalize")
def export_l2_normalize(writer: GraphWriter, op: Op) -> None:
    """TensorFlow Lite's int8 form has one output scale; for others a composite computes in float32."""
    assert isinstance(op, L2Normalize)
    options = Options(12, {0: Number("i1", 0)})
    if op.out_bits == _L2_BITS:
        writer.emit(op, "L2_NORMALIZATION", [writer.value(op.inputs[0])], options, 2)
        return
    shape = writer.output(op).shape

    def body(inside: Subgraph, inputs: list[int]) -> int:
        real, unit = (inside.tensor(f"{inside.name}/{name}", shape, "float32") for name in ("real", "unit"))
        out = inside.tensor(f"{inside.name}/out", shape, "int8", writer.output(op).quant)
        inside.op("DEQUANTIZE", inputs, [real], None, 2)
        inside.op("L2_NORMALIZATION", [real], [unit], options)
        inside.op("QUANTIZE", [unit], [out], None, 1)
        return out

    writer.notes.append(f"{op.kind} {op.name} has scale 2**-{op.out_bits}: in float32, within one step of ours")
    writer.composite(op, body)


@exports("constant")
def export_constant(writer: GraphWriter, op: Op) -> None:
    """A constant is a tensor of the file."""
    out = writer.output(op)
    data = np.ascontiguousarray(writer.constant(op, 0))
    tensor = replace(out, data=data)
    writer.bind(out.name, writer.main.tensor(tensor.name, tensor.shape, tensor.dtype, tensor.quant, data))
