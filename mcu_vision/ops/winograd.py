"""3x3 convolutions by Winograd's minimal filtering F(4x4, 3x3), exact in integers.

Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, with the points 0, 1, -1,
2, -2 and infinity. A 4x4 tile of outputs takes 36 products a channel instead of 144. Filters are scaled so that they
are whole: the sums are 576 times those of the convolution. All is computed modulo 2**32, where 9 has an inverse, so
that 64 times an accumulator comes out exactly as long as that fits.
"""

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Array, to_int
from mcu_vision.ops.common import quad
from mcu_vision.ops.pack_conv import join_halves, order_channels

TILE_ROWS = 4
WINDOW_ROWS = 6
CHANNELS = (16, 32, 64)
"""Input channels for which the kernel has loops."""
SHIFTS = (1, 17)
"""Right shifts of gemmlowp that it computes."""
ACCUMULATOR_LIMIT = 2**25
FILTER = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 12]], np.int64)
"""24 times Lavin and Gray's G, the last row 12 times; the sums' transform makes good for it."""


def can_use_winograd(weights: Array, constants: dict[str, int | Array], stride: tuple[int, int]) -> bool:
    """Whether nn_winograd_s8 computes this convolution (its conditions: firmware/nn/nn.h)."""
    out_c, kernel_h, kernel_w, in_c = weights.shape
    if (kernel_h, kernel_w, *stride) != (3, 3, 1, 1) or in_c not in CHANNELS or out_c < 2:
        return False
    right = -to_int(np.asarray(constants["shift"]))
    largest = np.abs(to_int(np.asarray(constants["bias"]))) + 128 * np.abs(to_int(weights)).sum((1, 2, 3))
    return bool(((right >= SHIFTS[0]) & (right <= SHIFTS[1])).all() and largest.max() < ACCUMULATOR_LIMIT)


def pack_winograd(weights: Array, constants: dict[str, int | Array]) -> npt.NDArray[np.int32]:
    """Pairs of channels: 36 filters, biases, multipliers, offsets and right shifts; layout: firmware/nn/nn.h."""
    count, _, _, in_c = weights.shape
    pairs = np.array([(min(o, count - 2), min(o, count - 2) + 1) for o in range(0, count, 2)])
    multiplier, bias, shift = (to_int(np.asarray(constants[key])) for key in ("multiplier", "bias", "shift"))
    filters = np.einsum("ik,okmc,jm->oijc", FILTER, to_int(weights)[..., order_channels(in_c)], FILTER)
    words = join_halves(filters.reshape(count, 36, in_c))
    right = 5 - shift
    zeros = np.broadcast_to(to_int(np.asarray(constants["out_zero"])), count)
    offset = 16 + (1 << (right - 1)) + zeros * (1 << right)
    parts = [words[pairs].transpose(0, 2, 3, 1).reshape(len(pairs), -1)]
    parts += [64 * bias[pairs], multiplier[pairs], offset[pairs], right[pairs]]
    return np.concatenate(parts, 1).astype(np.int32)


def winograd_scratch(in_w: int, in_c: int) -> int:
    """Bytes: two transformed tiles, their sums, half-transformed columns of four channels, a row of padding."""
    return 4 * (36 * in_c + 264) + quad(in_w * in_c)
