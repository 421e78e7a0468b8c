"""Group normalisation in float32, which TensorFlow Lite has operators for; its integers need 64 bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcu_vision.export.tflite.file import Options, Subgraph
from mcu_vision.export.tflite.flatbuffer import Number
from mcu_vision.export.tflite.writer import FUSED, GraphWriter, exports
from mcu_vision.ir import Array, Op
from mcu_vision.ops import GroupNorm

_NO_ACTIVATION = Number("i1", 0)


@exports("group_norm")
def export_group_norm(writer: GraphWriter, op: Op) -> None:
    """A composite: within one step of ours."""
    assert isinstance(op, GroupNorm)
    writer.notes.append(f"{op.kind} {op.name} is computed in float32, within one step of ours")
    writer.composite(op, lambda inside, inputs: _Normalization(writer, op, inside).output(inputs[0]))


class _Normalization:
    """The operator's subgraph under construction."""

    def __init__(self, writer: GraphWriter, op: GroupNorm, inside: Subgraph) -> None:
        self._inside, self._op = inside, op
        self._x, self._out = writer.input(op), writer.output(op)
        scale, offset = writer.constant(op, 1), writer.constant(op, 2)
        step = self._out.quant.scale
        self._scale = scale[:, 0] * 2.0 ** (scale[:, 1] - 31) * step
        self._offset = offset * step

    def _emit(self, kind: str, inputs: Sequence[int], shape: Sequence[int], options: Options | None = None) -> int:
        name = f"{self._inside.name}/{self._inside.operators}"
        out = self._inside.tensor(name, shape, "float32")
        self._inside.op(kind, inputs, [out], options)
        return out

    def _constant(self, values: Array) -> int:
        return self._inside.constant(values, "float32")

    def _mean(self, value: int) -> int:
        """Of each group."""
        shape = self._inside.shapes[value]
        means = (1, 1, 1, shape[3], 1)
        return self._emit("MEAN", [value, self._inside.constant([1, 2, 4])], means, Options(27, {0: Number("u1", 1)}))

    def output(self, source: int) -> int:
        """(x - mean) / sqrt(variance + epsilon) * scale + offset, quantised."""
        shape, groups = self._x.shape, self._op.groups
        grouped = (*shape[:3], groups, shape[3] // groups)
        add, sub, mul = (Options(number, {0: _NO_ACTIVATION}) for number in (11, 28, 21))
        real = self._inside.tensor(f"{self._inside.name}/real", shape, "float32")
        self._inside.op("DEQUANTIZE", [source], [real], None, 2)
        x = self._emit("RESHAPE", [real, self._inside.constant(grouped)], grouped)
        centred = self._emit("SUB", [x, self._mean(x)], grouped, sub)
        variance = self._mean(self._emit("MUL", [centred, centred], grouped, mul))
        means = self._inside.shapes[variance]
        stable = self._emit("ADD", [variance, self._constant(np.array([self._op.epsilon]))], means, add)
        normal = self._emit("MUL", [centred, self._emit("RSQRT", [stable], means)], grouped, mul)
        flat = self._emit("RESHAPE", [normal, self._inside.constant(shape)], shape)
        scaled = self._emit("MUL", [flat, self._constant(self._scale)], shape, mul)
        fused = Options(11, {0: Number("i1", FUSED[self._op.activation])})
        result = self._emit("ADD", [scaled, self._constant(self._offset)], shape, fused)
        out = self._inside.tensor(f"{self._inside.name}/out", shape, "int8", self._out.quant)
        self._inside.op("QUANTIZE", [result], [out])
        return out
