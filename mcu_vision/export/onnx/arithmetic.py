"""The reference's arithmetic as ONNX nodes, in types that hold all its integers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from mcu_vision.export.onnx.writer import LAST, OnnxWriter
from mcu_vision.int8 import INT32_MAX, INT32_MIN
from mcu_vision.ir import Array, Op, Quantization
from mcu_vision.ops.common import activation_range

INT64, DOUBLE, FLOAT = int(TensorProto.INT64), int(TensorProto.DOUBLE), int(TensorProto.FLOAT)


class Arithmetic:
    """The reference's arithmetic as nodes."""

    def __init__(self, writer: OnnxWriter, op: Op) -> None:
        self.writer, self.op = writer, op

    def offset(self, position: int = 0, layout: str = LAST, to: int = INT64) -> str:
        """An input less its zero point, in another type."""
        writer = self.writer
        name = self.op.inputs[position]
        values = writer.dequantize(writer.quantized(name, layout), self._unscaled(writer.graph.tensors[name].quant))
        return values if to == FLOAT else self.cast(values, to)

    def weights(self, data: Array, to: int = FLOAT) -> str:
        """int8 constants in another type."""
        values = self.writer.dequantize(self.writer.constant(data, "int8"), Quantization((1.0,), 0))
        return values if to == FLOAT else self.cast(values, to)

    @staticmethod
    def _unscaled(quant: Quantization) -> Quantization:
        return Quantization((1.0,), quant.zero_point)

    def binary(self, kind: str, a: str, b: str | npt.ArrayLike, dtype: str = "int64") -> str:
        """An operator on a value and a value or constant."""
        return self.writer.add(kind, [a, b if isinstance(b, str) else self.writer.constant(b, dtype)])

    def cast(self, value: str, to: int) -> str:
        """The same numbers in another type."""
        return self.writer.add("Cast", [value], to=to)

    def away(self, value: str) -> str:
        """float64 rounded to whole numbers, ties away from zero."""
        raised = self.binary("Add", self.writer.add("Abs", [value]), 0.5, "float64")
        return self.writer.add("Mul", [self.writer.add("Sign", [value]), self.writer.add("Floor", [raised])])

    def choose(self, condition: str, yes: str | int, no: str | int) -> str:
        """int64 values or constants, as `condition` says."""
        values = (value if isinstance(value, str) else self.writer.constant(value) for value in (yes, no))
        return self.writer.add("Where", [condition, *values])

    def high(self, x: str, y: str | npt.ArrayLike) -> str:
        """mcu_vision.int8.doubling_high_mul of int64 that hold int32: rounded half up, by a division of what an
        offset keeps positive.
        """
        product = self.binary("Add", self.binary("Mul", x, y), (1 << 62) + (1 << 30))
        return self.binary("Sub", self.binary("Div", product, 1 << 31), 1 << 31)

    def limit(self, value: str) -> str:
        """int64 clamped to what int32 holds."""
        limits = (self.writer.constant(n) for n in (INT32_MIN, INT32_MAX))
        return self.writer.add("Clip", [value, *limits])

    def scale(self, value: str, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> str:
        """mcu_vision.int8.multiply_by_quantized_multiplier of int64, as float64.

        Rounded to the high word, then divided, ties away.
        """
        shifts = np.asarray(shift, np.int64)
        high = self.high(value, np.asarray(multiplier, np.int64) << np.maximum(shifts, 0))
        divided = self.binary("Mul", self.cast(high, DOUBLE), 2.0 ** np.minimum(shifts, 0), "float64")
        return self.away(divided)

    def scale_once(self, value: str, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> str:
        """mcu_vision.int8.multiply_rounding_once of int64, as float64."""
        bits = 31 - np.asarray(shift, np.int64)
        product = self.binary("Mul", self.writer.add("Abs", [value]), np.asarray(multiplier, np.int64))
        rounded = self.binary("Div", self.binary("Add", product, 1 << (bits - 1)), 1 << bits)
        return self.cast(self.writer.add("Mul", [self.writer.add("Sign", [value]), rounded]), DOUBLE)

    def finish(self, value: str, layout: str = LAST, has_zero: bool = False) -> None:
        """The operator gives float64 `value`, clamped; has_zero: its zero point has been added."""
        writer, quant = self.writer, self.writer.output(self.op).quant
        zero = 0 if has_zero else quant.zero_point
        limits = (n - zero for n in activation_range(getattr(self.op, "activation", "none"), quant))
        clamped = self.cast(writer.add("Clip", [value, *(writer.constant(n, "float64") for n in limits)]), FLOAT)
        writer.bind(self.op, writer.quantize(clamped, Quantization((1.0,), zero)), layout)
