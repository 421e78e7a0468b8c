"""More functions of one value, as tables: what TensorFlow Lite computes in float32, or value by value."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mcu_vision.frontends.tflite.builder import GraphBuilder
from mcu_vision.frontends.tflite.registry import imports
from mcu_vision.frontends.tflite.tables import Floats, finish_table, float_table, offsets
from mcu_vision.int8 import (
    IntArray,
    inverse_sqrt_multiplier,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
)
from mcu_vision.ir import Quantization

SQRT_SHIFT = 20
"""Bits that RSQRT keeps of the inverse root."""


def _elu(x: Floats) -> Floats:
    return np.asarray(np.where(x < 0, np.expm1(x.astype(np.float64)).astype(np.float32), x), np.float32)


def _exp(x: Floats) -> Floats:
    return np.asarray(np.exp(x.astype(np.float64)), np.float32)


CURVES: dict[str, Callable[[Floats], Floats]] = {"ELU": _elu, "EXP": _exp}


@imports(**dict.fromkeys(CURVES, "table"))
def import_curve(builder: GraphBuilder) -> None:
    curve = CURVES[builder.operator.kind]
    finish_table(builder, lambda x, out: float_table(x, out, curve))


@imports(GELU="table")
def import_gelu(builder: GraphBuilder) -> None:
    """By the complementary error function, or as an option says by the hyperbolic tangent."""
    curve = _gelu_of_tanh if builder.operator.integer(0, 0, "i1") else _gelu
    finish_table(builder, lambda x, out: float_table(x, out, curve))


def _gelu(x: Floats) -> Floats:
    arguments = x * np.float32(-math.sqrt(0.5))
    tails = np.array([math.erfc(float(value)) for value in arguments], np.float32)
    return np.asarray(np.float32(0.5) * x * tails, np.float32)


def _gelu_of_tanh(x: Floats) -> Floats:
    with np.errstate(over="ignore"):  # far out, where the tangent is 1
        arguments = np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x * x * x)
    return np.asarray(np.float32(0.5) * x * (1 + np.tanh(arguments.astype(np.float64)).astype(np.float32)), np.float32)


@imports(LOG="table")
def import_log(builder: GraphBuilder) -> None:
    """What has no logarithm gives the smallest value."""

    def table(x: Quantization, out: Quantization) -> IntArray:
        lowest = np.float32(-128 - out.zero_point) * np.float32(out.scale)

        def log(real: Floats) -> Floats:
            positive = np.where(real > 0, real, np.float32(1)).astype(np.float64)
            return np.asarray(np.where(real > 0, np.log(positive).astype(np.float32), lowest), np.float32)

        return float_table(x, out, log)

    finish_table(builder, table)


@imports(SQRT="table")
def import_sqrt(builder: GraphBuilder) -> None:
    """Rounds towards zero. The reference kernel refuses negative inputs as it runs; they give 0 here."""

    def table(x: Quantization, out: Quantization) -> IntArray:
        real = np.float32(x.scale) * np.maximum(offsets(x), 0).astype(np.float32)
        return _clamped((np.sqrt(real) / np.float32(out.scale)).astype(np.int64) + out.zero_point)

    finish_table(builder, table)


@imports(RSQRT="table")
def import_rsqrt(builder: GraphBuilder) -> None:
    """0 gives the largest value, and so does what is below, which the reference kernel refuses as it runs."""

    def table(x: Quantization, out: Quantization) -> IntArray:
        values = offsets(x)
        multiplier, shift = inverse_sqrt_multiplier(np.maximum(values, 1))
        inverse = multiply_by_quantized_multiplier(1, multiplier, shift + SQRT_SHIFT)
        scale = 1.0 / float(np.sqrt(np.float32(x.scale)) * np.float32(out.scale))
        fixed, bits = quantize_multiplier(scale)
        scaled = multiply_by_quantized_multiplier(inverse, fixed, bits - SQRT_SHIFT) + out.zero_point
        return _clamped(np.where(values > 0, scaled, 127))

    finish_table(builder, table)


@imports(ABS="table")
def import_abs(builder: GraphBuilder) -> None:
    def table(x: Quantization, out: Quantization) -> IntArray:
        values = np.abs(offsets(x))
        ratio = np.float32(x.scale) / np.float32(out.scale)
        if ratio != 1:
            values = multiply_by_quantized_multiplier(values, *quantize_multiplier(float(ratio)))
        return _clamped(values + out.zero_point)

    finish_table(builder, table)


@imports(NEG="table")
def import_neg(builder: GraphBuilder) -> None:
    """The reference kernel turns the sign of the stored value, whatever the scales say; -128 stays."""
    finish_table(builder, lambda x, out: (128 - np.arange(-128, 128)) % 256 - 128)


def _clamped(values: npt.NDArray[np.int64]) -> IntArray:
    return np.asarray(np.clip(values, -128, 127), np.int64)
