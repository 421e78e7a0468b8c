"""RNNPool as the integers of mcu_vision.ops.rnn_pool, held in float64, where all of them are exact."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from onnx import TensorProto

from mcu_vision.export.onnx.writer import OnnxWriter, exports
from mcu_vision.ir import Array, Op
from mcu_vision.ops import RnnPool
from mcu_vision.ops.rnn_pool import ONE, STATE_BITS, TABLE_STEPS_BITS, CellFormat, gate_table


@exports("rnn_pool")
def export_rnn_pool(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, RnnPool)
    writer.bind(op, _Pool(writer, op).output())


class _Cell(NamedTuple):
    """One cell's constants in float64, its matrices transposed."""

    w: str
    u: str
    bias_z: str
    bias_h: str
    form: CellFormat


class _Pool:
    """The operator's nodes; maps are (rows, columns, channels)."""

    def __init__(self, writer: OnnxWriter, op: RnnPool) -> None:
        self._writer, self._op = writer, op
        self._numbers: dict[float, str] = {}
        self._cells = [self._cell(index, form) for index, form in enumerate(op.formats)]

    def _cell(self, index: int, form: CellFormat) -> _Cell:
        w, u, bias_z, bias_h = (self._op.constant(self._writer.graph, 1 + 4 * index + i) for i in range(4))
        names = [self._writer.constant(a, "float64") for a in (w.T, u.T, bias_z, bias_h)]
        return _Cell(names[0], names[1], names[2], names[3], form)

    def _number(self, value: float) -> str:
        if value not in self._numbers:
            self._numbers[value] = self._writer.constant(np.float64(value), "float64")
        return self._numbers[value]

    def _binary(self, kind: str, a: str, b: str | float) -> str:
        return self._writer.add(kind, [a, b if isinstance(b, str) else self._number(b)])

    def _shift(self, value: str, bits: int) -> str:
        """Shifted right rounding half up, or left if negative: mcu_vision.int8.rounding_shift."""
        scaled = self._binary("Mul", value, 2.0**-bits)
        return self._writer.add("Floor", [self._binary("Add", scaled, 0.5)]) if bits > 0 else scaled

    def _clip(self, value: str, low: float, high: float) -> str:
        return self._writer.add("Clip", [value, self._number(low), self._number(high)])

    def _product(self, value: str, index: int) -> str:
        """The input's part of the pre-activation."""
        cell = self._cells[index]
        total = self._writer.add("MatMul", [value, cell.w])
        return self._clip(self._shift(total, cell.form.w_bits - cell.form.pre_bits), -32768, 32767)

    def _step(self, wx: str, h: str | None, index: int) -> str:
        """The next state; None before the first."""
        cell = self._cells[index]
        form, pre = cell.form, wx
        if h is not None:
            recurrent = self._writer.add("MatMul", [h, cell.u])
            pre = self._binary("Add", wx, self._shift(recurrent, form.u_bits + STATE_BITS - form.pre_bits))
        z, c = self._gates(self._binary("Add", pre, cell.bias_z), self._binary("Add", pre, cell.bias_h), form.pre_bits)
        rest = self._binary("Add", self._binary("Mul", z, -1), ONE)
        share = self._binary("Add", self._shift(self._binary("Mul", rest, form.zeta), STATE_BITS), form.nu)
        total = self._binary("Mul", self._clip(share, -32768, 32767), c)
        if h is not None:
            total = self._binary("Add", self._binary("Mul", z, h), total)
        return self._clip(self._shift(total, STATE_BITS), -32768, 32767)

    def _gates(self, z: str, c: str, bits: int) -> tuple[str, str]:
        if self._op.smooth:
            return self._interpolate("sigmoid", z, bits), self._interpolate("tanh", c, bits)
        one = 1 << bits
        z = self._clip(self._binary("Add", z, one), 0, 2 * one)
        return self._shift(z, bits - STATE_BITS + 1), self._shift(self._clip(c, -one, one), bits - STATE_BITS)

    def _interpolate(self, gate: str, value: str, bits: int) -> str:
        writer, table, edge = self._writer, gate_table(gate).astype(np.float64), 8 << bits
        shift = bits - TABLE_STEPS_BITS
        position = self._binary("Add", self._clip(value, -edge, edge), edge)
        index = writer.add("Floor", [self._binary("Mul", position, 2.0**-shift)])
        index = self._binary("Min", index, len(table) - 2)
        rest = self._binary("Add", position, self._binary("Mul", index, -(2.0**shift)))
        places = writer.add("Cast", [index], to=TensorProto.INT64)
        low, step = (
            writer.add("Gather", [writer.constant(values, "float64"), places]) for values in (table, np.diff(table))
        )
        return self._binary("Add", low, self._shift(self._binary("Mul", step, rest), shift))

    def _sweep(self, wx: str, length: int, index: int, axis: int, backwards: bool = False) -> str:
        """Final states after sweeping the windows along an axis of wx, which has `length` places there."""
        writer, op = self._writer, self._op
        size = op.patch[axis]
        count = (length - size) // op.stride + 1
        h = None
        for t in reversed(range(size)) if backwards else range(size):
            ends = t + (count - 1) * op.stride + 1
            places = [writer.constant([n]) for n in (t, ends, axis, op.stride)]
            h = self._step(writer.add("Slice", [wx, *places]), h, index)
        assert h is not None
        return h

    def output(self) -> str:
        """The operator's integers, channels last."""
        writer, op = self._writer, self._op
        x = writer.tensor(op)
        _, height, width, _ = x.shape
        wide = writer.add("Cast", [writer.quantized(op.inputs[0])], to=TensorProto.DOUBLE)
        image = writer.reshape(self._binary("Add", wide, -x.quant.zero_point), x.shape[1:])
        wx = self._product(image, 0)
        rows, columns = self._product(self._sweep(wx, width, 0, 1), 1), self._product(self._sweep(wx, height, 0, 0), 1)
        parts = [self._sweep(rows, height, 1, 0, backwards) for backwards in (False, True)]
        parts += [self._sweep(columns, width, 1, 1, backwards) for backwards in (False, True)]
        out = self._clip(self._shift(writer.add("Concat", parts, axis=2), STATE_BITS - op.out_bits), -128, 127)
        if op.replicate_last:
            for axis, count in enumerate(op.pooled_size(x)):
                out = writer.add("Gather", [out, writer.constant(_twice_last(count))], axis=axis)
        small = writer.add("Cast", [out], to=TensorProto.INT8)
        return writer.reshape(small, writer.output(op).shape)


def _twice_last(count: int) -> Array:
    """Places 0..count-1, and the last once more."""
    return np.minimum(np.arange(count + 1), count - 1)
