"""The weights of a convolution in the order in which nn_conv_s8 reads them."""

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Array, to_int
from mcu_vision.ops.common import even, quad

LARGEST_FAST_SHIFT = 22
"""Right shifts that one rounding offset serves (nn_scale_is_fast in firmware/nn/nn_math.h)."""


def column_values(kernel_h: int, in_c: int, step: int) -> int:
    """16-bit values of a widened input column; windows that begin `step` columns apart begin on words."""
    taps = kernel_h * in_c
    return taps + step * taps % 2


def pack_conv(weights: Array, column: int, constants: dict[str, int | Array]) -> npt.NDArray[np.int32]:
    """For each pair of channels: biases, weights, multipliers, offsets and right shifts, one of each channel in turn.

    weights: (O, kh, kw, I). Biases and weights are doubled. Weights go by kernel column, row and channel, two to a
    word. The last pair of an odd number of channels overlaps the one before.
    """
    count = len(weights)
    firsts = [min(o, max(0, count - 2)) for o in range(0, count, 2)]
    pairs = np.array([(o, min(o + 1, count - 1)) for o in firsts])
    multiplier, bias, shift = (to_int(np.asarray(constants[key])) for key in ("multiplier", "bias", "shift"))
    words = _words(2 * to_int(weights), column)
    parts = [2 * bias[pairs], words[pairs].transpose(0, 2, 1).reshape(len(pairs), -1)]
    parts += [multiplier[pairs], _offsets(-shift, int(constants["out_zero"]))[pairs], -shift[pairs]]
    return np.concatenate(parts, 1).astype(np.int32)


def order_channels(in_c: int) -> list[int]:
    """The order in which the kernels widen the channels of a pixel: within fours as SXTB16 leaves them."""
    if in_c % 4:
        return list(range(in_c))
    return [first + i for first in range(0, in_c, 4) for i in (0, 2, 1, 3)]


def join_halves(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Pairs of 16-bit values of the last axis as words."""
    return (values[..., 1::2] << 16) + (values[..., ::2] & 0xFFFF)


def _words(weights: npt.NDArray[np.int64], column: int) -> npt.NDArray[np.int64]:
    out, kh, kw, in_c = weights.shape
    columns = weights[..., order_channels(in_c)].transpose(0, 2, 1, 3).reshape(out, kw, kh * in_c)
    columns = np.pad(columns, ((0, 0), (0, 0), (0, column - kh * in_c))).reshape(out, -1)
    return join_halves(np.pad(columns, ((0, 0), (0, even(columns.shape[1]) - columns.shape[1]))))


def _offsets(right: npt.NDArray[np.int64], zero: int) -> npt.NDArray[np.int64]:
    """Half of 2**right and the zero point; 0 where the kernel rounds otherwise."""
    fast = (right >= 1) & (right <= LARGEST_FAST_SHIFT)
    shift = np.where(fast, right, 1)
    return np.where(fast, (1 << (shift - 1)) + zero * (1 << shift), 0)


def conv_scratch(kernel_w: int, column: int, columns: int) -> int:
    """Bytes: weights of a pair of channels, then the widened columns of a tile, a word more at their end."""
    words = (kernel_w * column + 1) // 2
    return 4 * (2 * words + 8) + quad(2 * columns * column + 2)
