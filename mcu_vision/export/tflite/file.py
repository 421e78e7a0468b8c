"""A .tflite file under construction. Source of the numbers: TensorFlow Lite's schema.fbs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mcu_vision.export.tflite.flatbuffer import Number, Table, Vector, integers, write_flatbuffer
from mcu_vision.ir import Array, Quantization, Shape

TYPES = {"float32": 0, "int32": 2, "int16": 7, "int8": 9}
BUFFER_ALIGNMENT = 16
_DEPRECATED_CODES = 127
"""Operators from this number on are only in the newer of the two fields for it."""
CODES = {
    "ADD": 0,
    "AVERAGE_POOL_2D": 1,
    "CONCATENATION": 2,
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 4,
    "DEQUANTIZE": 6,
    "FULLY_CONNECTED": 9,
    "L2_NORMALIZATION": 11,
    "MAX_POOL_2D": 17,
    "MUL": 18,
    "RELU": 19,
    "RELU_N1_TO_1": 20,
    "RELU6": 21,
    "RESHAPE": 22,
    "RESIZE_BILINEAR": 23,
    "SOFTMAX": 25,
    "PAD": 34,
    "GATHER": 36,
    "TRANSPOSE": 39,
    "MEAN": 40,
    "SUB": 41,
    "STRIDED_SLICE": 45,
    "LOG_SOFTMAX": 50,
    "CAST": 53,
    "PRELU": 54,
    "MAXIMUM": 55,
    "ARG_MAX": 56,
    "MINIMUM": 57,
    "PADV2": 60,
    "SUM": 74,
    "RSQRT": 76,
    "ARG_MIN": 79,
    "FLOOR_DIV": 90,
    "SQUARED_DIFFERENCE": 99,
    "QUANTIZE": 114,
    "BATCH_MATMUL": 126,
    "RIGHT_SHIFT": 161,
    "STABLEHLO_COMPOSITE": 206,
}


class Options(NamedTuple):
    """The options of an operator: number of their table in the union (the second one if `newer`), and its fields."""

    number: int
    fields: Table
    newer: bool = False


@dataclass
class Subgraph:
    """Tensors and operators; both are known by their index."""

    file: TfliteFile
    name: str
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    _tensors: list[Table] = field(default_factory=list)
    _operators: list[Table] = field(default_factory=list)
    _constants: dict[tuple[str, Shape, bytes], int] = field(default_factory=dict)
    shapes: list[Shape] = field(default_factory=list)

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str = "int8",
        quant: Quantization | None = None,
        data: Array | None = None,
    ) -> int:
        """Add a tensor, a constant if `data` is given."""
        table: Table = {
            0: integers(shape),
            1: Number("i1", TYPES[dtype]),
            2: Number("u4", 0 if data is None else self.file.buffer(np.ascontiguousarray(data, dtype))),
            3: name,
        }
        if quant is not None:
            zeros = np.full(len(quant.scales), quant.zero_point, "<i8")
            table[4] = {2: Vector(np.asarray(quant.scales, "<f4")), 3: Vector(zeros), 6: Number("i4", quant.axis or 0)}
        self._tensors.append(table)
        self.shapes.append(tuple(shape))
        return len(self._tensors) - 1

    def constant(self, values: object, dtype: str = "int32") -> int:
        """A constant without a scale: sizes, axes, indices. Equal ones are one."""
        data = np.array(values, dtype)
        key = (dtype, data.shape, data.tobytes())
        if key not in self._constants:
            self._constants[key] = self.tensor(f"constant_{len(self._tensors)}", data.shape, dtype, None, data)
        return self._constants[key]

    def op(
        self,
        kind: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: Options | None = None,
        version: int = 1,
    ) -> None:
        """Add an operator. version: the oldest runtime's that knows it with these types."""
        table: Table = {
            0: Number("u4", self.file.code(kind, version)),
            1: integers(inputs),
            2: integers(outputs),
        }
        if options is not None:
            first = 11 if options.newer else 3
            table |= {first: Number("u1", options.number), first + 1: options.fields}
        self._operators.append(table)

    @property
    def operators(self) -> int:
        """How many there are."""
        return len(self._operators)

    def table(self) -> Table:
        """As the schema has it."""
        return {0: self._tensors, 1: integers(self.inputs), 2: integers(self.outputs), 3: self._operators, 4: self.name}


@dataclass
class TfliteFile:
    """The whole file; subgraph 0 is what an interpreter runs."""

    description: str
    subgraphs: list[Subgraph] = field(default_factory=list)
    _buffers: list[Table] = field(default_factory=lambda: [{}])
    _codes: dict[tuple[str, int], int] = field(default_factory=dict)

    def subgraph(self, name: str) -> Subgraph:
        """Add a subgraph."""
        self.subgraphs.append(Subgraph(self, name))
        return self.subgraphs[-1]

    def buffer(self, data: Array) -> int:
        """Add the bytes of a constant."""
        self._buffers.append({0: Vector(np.frombuffer(data.tobytes(), np.uint8), BUFFER_ALIGNMENT)})
        return len(self._buffers) - 1

    def code(self, kind: str, version: int) -> int:
        """Index of a kind of operator in its version."""
        return self._codes.setdefault((kind, version), len(self._codes))

    def to_bytes(self) -> bytes:
        """The file."""
        codes: list[Table] = [
            {
                0: Number("i1", min(CODES[kind], _DEPRECATED_CODES)),
                2: Number("i4", version),
                3: Number("i4", CODES[kind]),
            }
            for kind, version in self._codes
        ]
        subgraphs = [subgraph.table() for subgraph in self.subgraphs]
        return write_flatbuffer(
            {0: Number("u4", 3), 1: codes, 2: subgraphs, 3: self.description, 4: self._buffers}, b"TFL3"
        )
