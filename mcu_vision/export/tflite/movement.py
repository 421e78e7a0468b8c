"""Operators that move values and compute nothing."""

from __future__ import annotations

import numpy as np

from mcu_vision.export.tflite.file import Options
from mcu_vision.export.tflite.flatbuffer import Number
from mcu_vision.export.tflite.writer import GraphWriter, exports
from mcu_vision.ir import Op, Shape
from mcu_vision.ops import Rearrange, ResizeBilinear, Select
from mcu_vision.ops.select import FILL


@exports("concat", "join")
def export_concat(writer: GraphWriter, op: Op) -> None:
    """Along channels, or, of strips and vectors that are joined, along their length."""
    axis = 3 if op.kind == "concat" else len(writer.output(op).shape) // 2
    options = Options(10, {0: Number("i4", axis), 1: Number("i1", 0)})
    writer.emit(op, "CONCATENATION", [writer.value(name) for name in op.inputs], options, 2)


@exports("resize_bilinear")
def export_resize_bilinear(writer: GraphWriter, op: Op) -> None:
    assert isinstance(op, ResizeBilinear)
    fields = {2: Number("u1", op.align_corners), 3: Number("u1", op.half_pixel_centers)}
    inputs = [writer.value(op.inputs[0]), writer.main.constant(op.size)]
    writer.emit(op, "RESIZE_BILINEAR", inputs, Options(15, fields), 3 if op.half_pixel_centers else 2)


@exports("rearrange")
def export_rearrange(writer: GraphWriter, op: Op) -> None:
    """Seen in another shape, transposed, seen in another shape; what changes nothing is left out."""
    assert isinstance(op, Rearrange)
    x, out = writer.input(op), writer.output(op)
    value, shape = writer.value(x.name), x.shape
    if op.axes != tuple(sorted(op.axes)):
        if shape not in (op.view, (1, *op.view)):
            value = _reshaped(writer, op, value, op.view)
            shape = op.view
        axes = op.axes if shape == op.view else (0, *(a + 1 for a in op.axes))
        shape = tuple(shape[a] for a in axes)
        if shape == out.shape:
            writer.emit(op, "TRANSPOSE", [value, writer.main.constant(axes)], Options(26, {}), 2)
            return
        turned = writer.step(op, "transposed", shape, out.quant)
        writer.main.op("TRANSPOSE", [value, writer.main.constant(axes)], [turned], Options(26, {}), 2)
        value = turned
    writer.emit(op, "RESHAPE", [value, writer.main.constant(out.shape)])


def _reshaped(writer: GraphWriter, op: Op, value: int, shape: Shape) -> int:
    seen = writer.step(op, "view", shape, writer.output(op).quant)
    writer.main.op("RESHAPE", [value, writer.main.constant(shape)], [seen])
    return seen


@exports("select")
def export_select(writer: GraphWriter, op: Op) -> None:
    """Along each axis: padding with the fill, then, where that is not all, places of what has been padded."""
    assert isinstance(op, Select)
    x = writer.input(op)
    picked = {axis: places for axis, places in enumerate((op.rows, op.columns, op.channels), 1) if places}
    value, shape = writer.value(x.name), x.shape
    amounts, gathers = _plan(shape, picked)
    if amounts.any():
        shape = tuple(int(n) for n in np.array(shape) + amounts.sum(1))
        fill = writer.main.tensor(f"{op.outputs[0]}/fill", (1,), "int8", x.quant, np.array([op.fill], np.int8))
        padded = writer.step(op, "padded", shape, x.quant)
        writer.main.op("PADV2", [value, writer.main.constant(amounts), fill], [padded], Options(43, {}), 2)
        value = padded
    for axis, places in gathers.items():
        shape = (*shape[:axis], len(places), *shape[axis + 1 :])
        taken = writer.step(op, f"along_{axis}", shape, x.quant)
        options = Options(23, {0: Number("i4", axis)})
        writer.main.op("GATHER", [value, writer.main.constant(places)], [taken], options, 2)
        value = taken
    writer.emit(op, "RESHAPE", [value, writer.main.constant(shape)])


def _plan(shape: Shape, picked: dict[int, tuple[int, ...]]) -> tuple[np.ndarray, dict[int, list[int]]]:
    """Cells to pad before and behind each axis (4, 2), and the places to take of the padded axes."""
    amounts = np.zeros((4, 2), np.int32)
    gathers = {}
    for axis, places in picked.items():
        inside = [p for p in places if p != FILL]
        before = next((i for i, p in enumerate(places) if p != FILL), 0)
        behind = len(places) - before - shape[axis]
        if inside == list(range(shape[axis])) and places == (FILL,) * before + tuple(inside) + (FILL,) * behind:
            amounts[axis] = before, behind
            continue
        amounts[axis, 1] = int(FILL in places)
        gathers[axis] = [shape[axis] if p == FILL else p for p in places]
    return amounts, gathers
