"""RNNPool in int32: the formulas of mcu_vision.ops.rnn_pool, step by step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcu_vision.export.tflite.expression import Expression, Value
from mcu_vision.export.tflite.file import Subgraph
from mcu_vision.export.tflite.writer import GraphWriter, exports
from mcu_vision.ir import Array, Op
from mcu_vision.ops import RnnPool
from mcu_vision.ops.rnn_pool import ONE, STATE_BITS, TABLE_STEPS_BITS, CellFormat, gate_table
from mcu_vision.ops.rnn_pool_range import largest_sum

INT32_LIMIT = 2**31


@exports("rnn_pool")
def export_rnn_pool(writer: GraphWriter, op: Op) -> None:
    assert isinstance(op, RnnPool)
    if largest_sum(writer.graph, op) >= INT32_LIMIT:
        raise writer.refuse(op, "sums of its products leave 32 bits; quantise the model again")
    writer.composite(op, lambda inside, inputs: _Pool(writer, op, inside, inputs).output())


class _Cell:
    """One cell's constants in int32."""

    def __init__(self, e: Expression, inputs: list[Value], form: CellFormat, smooth: bool) -> None:
        self.w, self.u, self.bias_z, self.bias_h = (e.cast(value, "int16") for value in inputs)
        self._e, self._form, self._smooth = e, form, smooth

    def product(self, value: Value) -> Value:
        """The input's part of the pre-activation."""
        e, form = self._e, self._form
        return e.saturate(e.shift(e.matmul(value, self.w), form.w_bits - form.pre_bits), 16)

    def step(self, wx: Value, h: Value | None) -> Value:
        """The next state; None before the first."""
        e, form, p = self._e, self._form, self._form.pre_bits
        pre = wx if h is None else e.add(wx, e.shift(e.matmul(h, self.u), form.u_bits + STATE_BITS - p))
        z, c = self._gates(e.add(pre, self.bias_z), e.add(pre, self.bias_h))
        share = e.shift(e.mul(e.sub(e.number(ONE), z), e.number(form.zeta)), STATE_BITS)
        new = e.mul(e.clip(e.add(share, e.number(form.nu)), None, 32767), c)
        total = new if h is None else e.add(e.mul(z, h), new)
        return e.saturate(e.shift(total, STATE_BITS), 16)

    def _gates(self, z: Value, c: Value) -> tuple[Value, Value]:
        e, p = self._e, self._form.pre_bits
        if self._smooth:
            return self._interpolate("sigmoid", z), self._interpolate("tanh", c)
        z = e.clip(e.add(z, e.number(1 << p)), 0, 1 << (p + 1))
        return e.shift(z, p - STATE_BITS + 1), e.shift(e.clip(c, -(1 << p), 1 << p), p - STATE_BITS)

    def _interpolate(self, gate: str, value: Value) -> Value:
        e, bits = self._e, self._form.pre_bits
        table = gate_table(gate).astype(np.int32)
        shift, edge = bits - TABLE_STEPS_BITS, 8 << bits
        position = e.add(e.clip(value, -edge, edge), e.number(edge))
        index = e.clip(e.shift_down(position, shift), None, len(table) - 2)
        rest = e.sub(position, e.mul(index, e.number(1 << shift)))
        low, step = e.gather(e.constant(table), index), e.gather(e.constant(np.diff(table)), index)
        return e.add(low, e.shift(e.mul(step, rest), shift))


class _Pool:
    """The operator's subgraph under construction; maps are (rows, columns, channels)."""

    def __init__(self, writer: GraphWriter, op: RnnPool, inside: Subgraph, inputs: list[Value]) -> None:
        self._e, self._op = Expression(inside), op
        self._x, self._quant = writer.input(op), writer.output(op).quant
        self._source = inputs[0]
        self._cells = [
            _Cell(self._e, inputs[1 + 4 * i : 5 + 4 * i], form, op.smooth) for i, form in enumerate(op.formats)
        ]

    def _sweep(self, wx: Value, cell: int, axis: int, backwards: bool = False) -> Value:
        """Final states after sweeping the windows along an axis of wx."""
        e, op = self._e, self._op
        shape = e.shape(wx)
        size = op.patch[axis]
        count = (shape[axis] - size) // op.stride + 1
        spans = [(n, 1) for n in shape]
        spans[axis] = ((count - 1) * op.stride + 1, op.stride)
        h = None
        for t in reversed(range(size)) if backwards else range(size):
            begins = [t if a == axis else 0 for a in range(3)]
            h = self._cells[cell].step(e.slice(wx, begins, spans), h)
        assert h is not None
        return h

    def output(self) -> Value:
        """The operator's result."""
        e, op = self._e, self._op
        offset = e.sub(e.cast(self._source), e.number(self._x.quant.zero_point))
        wx = self._cells[0].product(e.reshape(offset, self._x.shape[1:]))
        project: Callable[[Value], Value] = self._cells[1].product
        rows, columns = project(self._sweep(wx, 0, 1)), project(self._sweep(wx, 0, 0))
        parts = [self._sweep(rows, 1, 0), self._sweep(rows, 1, 0, True)]
        parts += [self._sweep(columns, 1, 1), self._sweep(columns, 1, 1, True)]
        out = e.saturate(e.shift(e.concat(parts, 2), STATE_BITS - op.out_bits), 8)
        if op.replicate_last:
            for axis in (0, 1):
                out = e.gather(out, e.constant(_twice_last(e.shape(out)[axis])), axis)
        small = e.to_int8(out, self._quant)
        return e.reshape(small, (1, *e.shape(small)), "int8", self._quant)


def _twice_last(count: int) -> Array:
    """Places 0..count-1, and the last once more."""
    return np.minimum(np.arange(count + 1, dtype=np.int32), count - 1)
