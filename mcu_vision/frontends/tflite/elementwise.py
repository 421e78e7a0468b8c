"""Operators on two tensors, after one of them is repeated to the other's shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcu_vision.frontends.tflite.builder import (
    Activation,
    GraphBuilder,
    check,
    fused_activation,
    tensor_quantization,
)
from mcu_vision.frontends.tflite.movement import image_view, permute
from mcu_vision.frontends.tflite.registry import imports
from mcu_vision.ir import Graph, Op, Quantization, Shape, Tensor
from mcu_vision.ops import Add, BatchMatMul, Maximum, Minimum, Mul, Prelu, Select, SquaredDifference, Sub
from mcu_vision.ops.common import ALL_VALUES


def broadcast(builder: GraphBuilder, x: Activation, shape: Shape) -> Activation:
    """x repeated along the axes where it has one place and `shape` has several."""
    if x.shape == shape:
        return x
    seen, target = image_view(builder, x), (1,) * (4 - len(shape)) + shape
    check(len(shape) <= 4 and target[0] == 1, f"of shapes {list(x.shape)} and {list(shape)}")
    check(all(n in (1, m) for n, m in zip(seen.shape, target, strict=True)), f"of {list(x.shape)} and {list(shape)}")
    places = [(0,) * m if n < m else () for n, m in zip(seen.shape, target, strict=True)][1:]
    if any(places):
        seen = builder.emit(Select, [seen], target, x.quant, rows=places[0], columns=places[1], channels=places[2])
    return builder.view(seen, shape)


def _import_pair(builder: GraphBuilder, kind: type[Op], quant: Quantization, **attributes: Any) -> None:
    """An operator of two inputs; with one value that never changes it is a table."""
    shape = builder.result().shape
    for position in (0, 1):
        data = builder.file_input(position).data
        other = builder.file_input(1 - position)
        if (
            data is not None
            and data.dtype == np.int8
            and data.size == 1
            and other.data is None
            and other.shape == shape
        ):
            x = builder.activation(1 - position)
            value = np.full(256, data.reshape(-1)[0], np.int8)
            arrays = [value, ALL_VALUES] if position == 0 else [ALL_VALUES, value]
            constant = tensor_quantization(builder.file_input(position))
            quants = [constant, x.quant] if position == 0 else [x.quant, constant]
            op = kind("table", ("a", "b"), ("out",), **attributes)
            graph = Graph("table", {}, [op], ("a", "b"), ("out",))
            for name, q in zip(("a", "b", "out"), (*quants, quant), strict=True):
                graph.tensors[name] = Tensor(name, (1, 256), "int8", q)
            builder.finish(builder.table(x, op.reference_int8(graph, *arrays), shape, quant))
            return
    pair = [broadcast(builder, builder.activation(i), shape) for i in (0, 1)]
    builder.finish(builder.emit(kind, pair, shape, quant, **attributes))


@imports(
    ADD="kernel; a constant of one value makes a table; shapes are repeated first",
    SUB="kernel; constants as for ADD",
    MUL="kernel; constants as for ADD",
)
def import_arithmetic(builder: GraphBuilder) -> None:
    kinds: dict[str, type[Op]] = {"ADD": Add, "SUB": Sub, "MUL": Mul}
    kind = kinds[builder.operator.kind]
    int16 = builder.result().dtype == "int16"
    if int16 and builder.operator.kind != "MUL":
        check(not builder.operator.boolean(1, True), "of int16 with scales of powers of two")
    quant = tensor_quantization(builder.result())
    _import_pair(builder, kind, quant, activation=fused_activation(builder.operator, 0))


@imports(SQUARED_DIFFERENCE="kernel; constants as for ADD")
def import_squared_difference(builder: GraphBuilder) -> None:
    _import_pair(builder, SquaredDifference, tensor_quantization(builder.result()))


@imports(BROADCAST_TO="picked places")
def import_broadcast_to(builder: GraphBuilder) -> None:
    builder.finish(broadcast(builder, builder.activation(), builder.result().shape))


@imports(
    MINIMUM="kernel; one scale",
    MAXIMUM="kernel; one scale",
)
def import_extremum(builder: GraphBuilder) -> None:
    quant = tensor_quantization(builder.result())
    for position in (0, 1):
        same = tensor_quantization(builder.file_input(position)) == quant
        check(same, "whose inputs and output differ in scale or zero point")
    _import_pair(builder, Minimum if builder.operator.kind == "MINIMUM" else Maximum, quant)


@imports(PRELU="kernel; one slope makes a table")
def import_prelu(builder: GraphBuilder) -> None:
    _import_pair(builder, Prelu, tensor_quantization(builder.result()))


@imports(BATCH_MATMUL="kernel; both whole")
def import_batch_matmul(builder: GraphBuilder) -> None:
    operator, out = builder.operator, builder.result()
    pair = []
    for position, swapped in ((0, operator.boolean(0)), (1, not operator.boolean(1))):
        x = image_view(builder, builder.activation(position))
        pair.append(permute(builder, x, (0, 1, 3, 2)) if swapped else x)
    batches = max(x.shape[1] for x in pair)
    pair = [broadcast(builder, x, (1, batches, *x.shape[2:])) for x in pair]
    shape = (1, batches, pair[0].shape[2], pair[1].shape[2])
    builder.finish(builder.emit(BatchMatMul, pair, shape, tensor_quantization(out)))
