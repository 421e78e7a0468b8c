"""Functions of one value, computed for all 256 values at build time as TensorFlow Lite computes them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mcu_vision.frontends.tflite.builder import GraphBuilder, check, tensor_quantization
from mcu_vision.frontends.tflite.registry import imports
from mcu_vision.int8 import (
    IntArray,
    doubling_high_mul_int16,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_divide_by_pot,
    saturate,
)
from mcu_vision.ir import Quantization
from mcu_vision.ops import LogisticInt16, Requantize, TanhInt16
from mcu_vision.ops.common import ALL_VALUES

Floats = npt.NDArray[np.float32]
RELU_RANGES = {"RELU": (0.0, np.inf), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0), "RELU_0_TO_1": (0.0, 1.0)}


def float_table(x: Quantization, out: Quantization, function: Callable[[Floats], Floats]) -> IntArray:
    """A function of real numbers in float32, with the product by the inverse scale rounded away from zero."""
    real = np.float32(x.scale) * (ALL_VALUES.astype(np.int64) - x.zero_point).astype(np.float32)
    scaled = (function(real) * (np.float32(1) / np.float32(out.scale))).astype(np.float64)
    rounded = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)
    return np.asarray(np.clip(rounded + out.zero_point, -128, 127), np.int64)


def _logistic(x: Floats) -> Floats:
    e = np.exp(-x.astype(np.float64)).astype(np.float32)
    return np.asarray(np.float32(1) / (np.float32(1) + e))


def _tanh(x: Floats) -> Floats:
    return np.asarray(np.tanh(x.astype(np.float64)), np.float32)


def finish_table(builder: GraphBuilder, table: Callable[[Quantization, Quantization], IntArray]) -> None:
    """The operator is a table of 256 results, computed from the quantisations of its input and output."""
    x, out = builder.activation(), tensor_quantization(builder.result())
    with np.errstate(over="ignore", invalid="ignore"):
        values = table(x.quant, out)
    builder.finish(builder.table(x, values, x.shape, out))


@imports(
    LOGISTIC="table; output scale 1/256",
    TANH="table; output scale 1/128",
)
def import_smooth(builder: GraphBuilder) -> None:
    logistic = builder.operator.kind == "LOGISTIC"
    x, out = builder.activation(), tensor_quantization(builder.result())
    if builder.dtype(x) == "int16":
        check(out.scale == 1 / 32768, "whose output's scale is not 1/32768")
        builder.finish(builder.emit(LogisticInt16 if logistic else TanhInt16, [x], x.shape, out))
        return
    scale = 1 / 256 if logistic else 1 / 128
    check(tensor_quantization(builder.result()).scale == scale, f"whose output's scale is not {scale}")
    function = _logistic if logistic else _tanh
    finish_table(builder, lambda x, out: float_table(x, out, function))


@imports(**dict.fromkeys(RELU_RANGES, "table"))
def import_relu(builder: GraphBuilder) -> None:
    low, high = RELU_RANGES[builder.operator.kind]
    x = builder.activation()
    if builder.dtype(x) == "int16":
        activation, out = builder.operator.kind.lower(), tensor_quantization(builder.result())
        builder.finish(builder.emit(Requantize, [x], x.shape, out, activation=activation, float_ratio=True))
        return

    def table(x: Quantization, out: Quantization) -> IntArray:
        ratio = np.float32(x.scale) / np.float32(out.scale)
        scaled = multiply_by_quantized_multiplier(offsets(x), *quantize_multiplier(float(ratio))) + out.zero_point
        return np.clip(scaled, max(-128, _quantized(low, out)), min(127, _quantized(high, out)))

    finish_table(builder, table)


def offsets(x: Quantization) -> IntArray:
    """Every value less the zero point."""
    return ALL_VALUES.astype(np.int64) - x.zero_point


def _quantized(value: float, quant: Quantization) -> int:
    """A bound of a clamp as a quantised value, ties away from zero; far outside if it is infinite."""
    steps = np.float32(value) / np.float32(quant.scale)
    rounded = np.sign(steps) * np.floor(np.abs(steps) + np.float32(0.5))
    return quant.zero_point + int(np.clip(rounded, -(2**30), 2**30))


@imports(LEAKY_RELU="table")
def import_leaky_relu(builder: GraphBuilder) -> None:
    alpha = np.float32(builder.operator.real(0))
    check(bool(np.isfinite(alpha)) and alpha >= 0, f"with alpha {alpha}")

    def table(x: Quantization, out: Quantization) -> IntArray:
        scale, values = np.float32(x.scale), offsets(x)
        positive = multiply_by_quantized_multiplier(values, *quantize_multiplier(float(scale / np.float32(out.scale))))
        slope = scale * alpha / np.float32(out.scale)
        negative = multiply_by_quantized_multiplier(values, *quantize_multiplier(float(slope)))
        return np.asarray(np.clip(np.where(values >= 0, positive, negative) + out.zero_point, -128, 127))

    finish_table(builder, table)


@imports(HARD_SWISH="table")
def import_hard_swish(builder: GraphBuilder) -> None:
    x, out = builder.activation(), tensor_quantization(builder.result())
    fine = np.float32(1 / 128) * np.float32(x.quant.scale)
    output, output_shift = quantize_multiplier(float(fine / np.float32(out.scale)))
    relu, relu_shift = quantize_multiplier(float(fine / np.float32(3 / 32768)))
    check(output_shift <= 0, "whose output's scale is too small for its input's")
    check(output_shift >= -15 and -15 <= relu_shift <= 15, "of extreme scales")
    values = offsets(x.quant) << 7
    product = doubling_high_mul_int16(values, _to_int16(output))
    gate = saturate(values << max(relu_shift - 1, 0), 16)
    gate = doubling_high_mul_int16(gate, _to_int16(relu))
    gate = saturate(gate << 1, 16) if relu_shift > 0 else rounding_divide_by_pot(gate, np.int64(-relu_shift))
    gate = (gate + (1 << 15)) >> 1
    wide = gate * product
    high = np.sign(wide) * (np.abs(wide) >> 15)
    scaled = rounding_divide_by_pot(high, np.int64(-output_shift)) + out.zero_point
    builder.finish(builder.table(x, np.clip(scaled, -128, 127), x.shape, out))


def _to_int16(multiplier: int) -> int:
    """A Q31 multiplier in Q15, rounded half up."""
    return min((multiplier + (1 << 15)) >> 16, 32767)
