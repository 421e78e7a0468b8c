"""Convolutions that keep sums instead of input rows: what nn_conv_carry_s8 takes, and where it can be used."""

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Array, Shape
from mcu_vision.ops.common import Pair, even
from mcu_vision.ops.pack_conv import order_channels


def can_carry(weights: Shape, stride: Pair, dilation: Pair) -> bool:
    """Whether nn_conv_carry_s8 computes a convolution with weights of shape (out, kernel_h, kernel_w, in)."""
    _, kernel_h, _, in_c = weights
    return kernel_h > 1 and in_c % 4 == 0 and (*stride, *dilation) == (1, 1, 1, 1)


def carry_scratch(weights: Shape, tile: int) -> int:
    """Bytes: weights of a pair of channels, then the widened columns of a tile."""
    _, _, kernel_w, in_c = weights
    return 4 * kernel_w * in_c + 2 * in_c * (tile + kernel_w - 1)


def carry_state(weights: Shape, out_w: int) -> int:
    """Bytes of the sums that are kept from step to step."""
    out_c, kernel_h, _, _ = weights
    return 4 * (kernel_h - 1) * even(out_w) * even(out_c)


def pack_carry(weights: Array) -> npt.NDArray[np.int16]:
    """(kernel_h, pairs of channels, kernel columns and input channels), two of one channel and of the other in turn."""
    out_c, kernel_h, kernel_w, in_c = weights.shape
    channels = np.minimum(np.arange(even(out_c)), out_c - 1)
    ordered = weights[channels][..., order_channels(in_c)].astype(np.int16)
    pairs = ordered.reshape(-1, 2, kernel_h, kernel_w * in_c // 2, 2)
    return np.ascontiguousarray(pairs.transpose(2, 0, 3, 1, 4))
