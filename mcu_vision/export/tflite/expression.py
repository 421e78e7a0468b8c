"""Formulas in int32, and what moves their values, as built-in operators of a subgraph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcu_vision.export.tflite.file import TYPES, Options, Subgraph
from mcu_vision.export.tflite.flatbuffer import Number
from mcu_vision.ir import Array, Quantization, Shape

Value = int
"""A tensor's index."""
_NO_ACTIVATION = {0: Number("i1", 0)}
_BINARY = {
    "ADD": Options(11, _NO_ACTIVATION),
    "SUB": Options(28, _NO_ACTIVATION),
    "MUL": Options(21, _NO_ACTIVATION),
    "MAXIMUM": Options(39, {}),
    "MINIMUM": Options(39, {}),
    "FLOOR_DIV": Options(65, {}),
    "RIGHT_SHIFT": Options(126, {}),
}


class Expression:
    """Each method adds an operator and gives its result; values are indices of tensors."""

    def __init__(self, subgraph: Subgraph) -> None:
        self._graph = subgraph
        self._count = 0

    def shape(self, value: Value) -> Shape:
        """The shape of a value."""
        return self._graph.shapes[value]

    def constant(self, values: Array) -> Value:
        """An int32 constant."""
        return self._graph.constant(values, "int32")

    def number(self, value: int) -> Value:
        """One int32, that broadcasts."""
        return self._graph.constant([value], "int32")

    def _new(self, shape: Sequence[int], dtype: str = "int32", quant: Quantization | None = None) -> Value:
        self._count += 1
        return self._graph.tensor(f"step_{self._count}", shape, dtype, quant)

    def _binary(self, kind: str, a: Value, b: Value) -> Value:
        out = self._new(np.broadcast_shapes(self.shape(a), self.shape(b)))
        self._graph.op(kind, [a, b], [out], _BINARY[kind])
        return out

    def add(self, a: Value, b: Value) -> Value:
        """a + b."""
        return self._binary("ADD", a, b)

    def sub(self, a: Value | None, b: Value) -> Value:
        """a - b; None stands for 0."""
        return self._binary("SUB", self.number(0) if a is None else a, b)

    def mul(self, a: Value, b: Value) -> Value:
        """a * b."""
        return self._binary("MUL", a, b)

    def divide(self, a: Value, b: Value) -> Value:
        """a / b rounded down."""
        return self._binary("FLOOR_DIV", a, b)

    def clip(self, value: Value, low: int | None, high: int | None) -> Value:
        """Clamped to [low, high]; None: no limit there."""
        if low is not None:
            value = self._binary("MAXIMUM", value, self.number(low))
        return value if high is None else self._binary("MINIMUM", value, self.number(high))

    def saturate(self, value: Value, bits: int) -> Value:
        """Clamped to the range of a signed integer of `bits` bits."""
        return self.clip(value, -(1 << (bits - 1)), (1 << (bits - 1)) - 1)

    def shift(self, value: Value, bits: int) -> Value:
        """Shifted right rounding half up, or left if negative: mcu_vision.int8.rounding_shift."""
        if bits == 0:
            return value
        if bits < 0:
            return self.mul(value, self.number(1 << -bits))
        rounded = self.add(value, self.number(1 << (bits - 1)))
        return self._binary("RIGHT_SHIFT", rounded, self.number(bits))

    def shift_down(self, value: Value, bits: int) -> Value:
        """Shifted right rounding down."""
        return self._binary("RIGHT_SHIFT", value, self.number(bits)) if bits else value

    def cast(
        self, value: Value, source: str = "int8", target: str = "int32", quant: Quantization | None = None
    ) -> Value:
        """The same numbers in another type."""
        out = self._new(self.shape(value), target, quant)
        options = Options(37, {0: Number("i1", TYPES[source]), 1: Number("i1", TYPES[target])})
        self._graph.op("CAST", [value], [out], options)
        return out

    def to_int8(self, value: Value, quant: Quantization) -> Value:
        """Numbers within int8 as an activation."""
        return self.cast(value, "int32", "int8", quant)

    def reshape(
        self, value: Value, shape: Sequence[int], dtype: str = "int32", quant: Quantization | None = None
    ) -> Value:
        """The same values in order."""
        out = self._new(shape, dtype, quant)
        self._graph.op("RESHAPE", [value, self._graph.constant(list(shape))], [out])
        return out

    def sum_last(self, value: Value) -> Value:
        """Sums over the last axis."""
        shape = self.shape(value)
        out = self._new(shape[:-1])
        self._graph.op("SUM", [value, self._graph.constant([len(shape) - 1])], [out], Options(27, {0: Number("u1", 0)}))
        return out

    def matmul(self, value: Value, matrix: Value) -> Value:
        """value (..., inputs) times the transpose of matrix (outputs, inputs)."""
        shape = self.shape(value)
        column = self.reshape(value, (*shape[:-1], 1, shape[-1]))
        return self.sum_last(self.mul(column, matrix))

    def slice(self, value: Value, begins: Sequence[int], spans: Sequence[tuple[int, int]]) -> Value:
        """From `begins`, for each axis a span of places and the stride through it."""
        ends = [b + span for b, (span, _) in zip(begins, spans, strict=True)]
        strides = [stride for _, stride in spans]
        out = self._new([-(-span // stride) for span, stride in spans])
        inputs = [value, *(self._graph.constant(list(part)) for part in (begins, ends, strides))]
        self._graph.op("STRIDED_SLICE", inputs, [out], Options(32, {}))
        return out

    def pad(self, value: Value, amounts: Sequence[tuple[int, int]]) -> Value:
        """Zeros before and after, along each axis."""
        out = self._new([n + a + b for n, (a, b) in zip(self.shape(value), amounts, strict=True)])
        self._graph.op("PAD", [value, self._graph.constant([list(a) for a in amounts])], [out], Options(22, {}))
        return out

    def concat(self, values: Sequence[Value], axis: int) -> Value:
        """One after another along an axis."""
        shape = list(self.shape(values[0]))
        shape[axis] = sum(self.shape(value)[axis] for value in values)
        out = self._new(shape)
        self._graph.op("CONCATENATION", values, [out], Options(10, {0: Number("i4", axis), 1: Number("i1", 0)}))
        return out

    def gather(
        self, value: Value, places: Value, axis: int = 0, dtype: str = "int32", quant: Quantization | None = None
    ) -> Value:
        """Places of a value along an axis."""
        shape = self.shape(value)
        out = self._new((*shape[:axis], *self.shape(places), *shape[axis + 1 :]), dtype, quant)
        version = 2 if dtype == "int8" else 1
        self._graph.op("GATHER", [value, places], [out], Options(23, {0: Number("i4", axis)}), version)
        return out
