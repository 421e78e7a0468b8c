"""What several operators share: padding, windows, fused activations, requantisation constants."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from mcu_vision.errors import UserError
from mcu_vision.int8 import IntArray, multiply_by_quantized_multiplier, quantize_multiplier
from mcu_vision.ir import Array, Quantization, Tensor

Pair = tuple[int, int]
Padding = tuple[int, int, int, int]
"""Rows above, columns left, rows below, columns right."""

ALL_VALUES = np.arange(-128, 128, dtype=np.int8)
"""Every int8 value, in the order of a lookup's table."""

ACTIVATIONS = ("none", "relu", "relu6", "relu_n1_to_1")


def limits(dtype: str) -> Pair:
    """The smallest and the largest value of "int8" or "int16"."""
    return (-128, 127) if dtype == "int8" else (-32768, 32767)


def kernel_suffix(tensor: Tensor) -> str:
    """How the kernels end that give values of the tensor's type."""
    return "s8" if tensor.dtype == "int8" else "s16"


def apply_activation(x: Array, activation: str) -> Array:
    """The fused activation in float."""
    if activation == "relu":
        return np.maximum(x, 0)
    if activation == "relu6":
        return np.clip(x, 0, 6)
    if activation == "relu_n1_to_1":
        return np.clip(x, -1, 1)
    return x


def activation_range(activation: str, quantization: Quantization, dtype: str = "int8") -> Pair:
    """Clamp of a fused activation in int8 or int16 (TensorFlow Lite `CalculateActivationRangeQuantized`)."""
    zero, (low, high) = quantization.zero_point, limits(dtype)
    if activation in ("relu", "relu6"):
        low = max(low, zero)
    elif activation == "relu_n1_to_1":
        low = max(low, zero + _quantized(-1.0, quantization))
    if activation in ("relu6", "relu_n1_to_1"):
        high = min(high, zero + _quantized(6.0 if activation == "relu6" else 1.0, quantization))
    return low, high


FAR = np.float32(1 << 24)
"""Steps beyond any value: what a bound may be where the scale is tiny."""


def _quantized(value: float, quantization: Quantization) -> int:
    with np.errstate(over="ignore"):
        steps = np.float32(value) / np.float32(quantization.scale)
    return _round_half_away(np.clip(steps, -FAR, FAR))


def _round_half_away(value: np.float32) -> int:
    return int(np.floor(np.abs(value) + np.float32(0.5)) * np.sign(value))


@lru_cache(maxsize=4096)
def conv_multipliers(
    x: Quantization, weights: Quantization, out: Quantization, channels: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]]:
    """Q31 multipliers and shifts for each output channel, from scales kept as float32; not to be changed."""
    scales = weights.scales if len(weights.scales) == channels else weights.scales * channels
    pairs = [
        quantize_multiplier(float(np.float32(x.scale)) * float(np.float32(s)) / float(np.float32(out.scale)))
        for s in scales
    ]
    return np.array([m for m, _ in pairs], np.int32), np.array([s for _, s in pairs], np.int8)


def requantize(
    acc: IntArray, multiplier: npt.ArrayLike, shift: npt.ArrayLike, zero_point: int | Array, clamp: Pair
) -> npt.NDArray[np.int8]:
    """Scale accumulators (last axis: channels), add the zero point (or one a channel), clamp, narrow to int8."""
    scaled = multiply_by_quantized_multiplier(acc, multiplier, shift) + zero_point
    return np.asarray(np.clip(scaled, *clamp), np.int8)


def output_length(length: int, kernel: int, stride: int, dilation: int, before: int, after: int) -> int:
    """Output positions of a sliding window along one axis."""
    return (length + before + after - ((kernel - 1) * dilation + 1)) // stride + 1


def image_shape(tensor: Tensor, op: str) -> tuple[int, int, int]:
    """(H, W, C) of a rank-4 tensor; raises UserError otherwise."""
    if len(tensor.shape) != 4:
        raise UserError(f"{op} needs an image (1, H, W, C), but {tensor.name} has shape {tensor.shape}")
    return tensor.shape[1], tensor.shape[2], tensor.shape[3]


def sliding_windows(x: Array, kernel: Pair, stride: Pair, dilation: Pair, padding: Padding, fill: float) -> Array:
    """View of shape (N, out_h, out_w, kernel_h, kernel_w, C) over x (N, H, W, C) padded with `fill`."""
    top, left, bottom, right = padding
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)
    span = ((kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1)
    view = np.lib.stride_tricks.sliding_window_view(padded, span, axis=(1, 2))
    view = view[:, :: stride[0], :: stride[1], :, :: dilation[0], :: dilation[1]]
    return np.moveaxis(view, 3, 5)


def exact_matmul(a: Array, b: Array) -> IntArray:
    """Integer matrix product through float64 BLAS, exact while sums stay below 2**53."""
    return (a.astype(np.float64) @ b.astype(np.float64)).astype(np.int64)


def even(count: int) -> int:
    """`count` rounded up to a multiple of 2."""
    return count + count % 2


def quad(count: int) -> int:
    """`count` rounded up to a multiple of 4."""
    return -(-count // 4) * 4


def check_shape(tensor: Tensor, expected: Sequence[int], op: str) -> None:
    """Raise UserError if a constant does not have the shape that the operator needs."""
    if tensor.shape != tuple(expected):
        raise UserError(f"{op}: {tensor.name} must have shape {tuple(expected)}, not {tensor.shape}")


def check_positive(values: Sequence[int], what: str) -> None:
    """Raise UserError if a dimension of a result is not positive."""
    if any(v <= 0 for v in values):
        raise UserError(f"{what}: the window does not fit the input")
