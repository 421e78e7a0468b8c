"""How nn_pointwise_s8 takes a 1x1 convolution: parameters, packed weights, scratch."""

import numpy as np

from mcu_vision.int8 import output_constants
from mcu_vision.ir import Array, to_int
from mcu_vision.ops.common import even, quad

SCALE_BITS = 8
"""Accumulators are kept times 2**SCALE_BITS where they fit (NN_POINTWISE_BITS of firmware/nn/nn_pointwise.h)."""

MOST_DOUBLINGS = 3
"""Of the weights, beyond that, for outputs that are high halves."""

MOST_FOUR_DOUBLINGS = 8
"""Of an int8 in 16 bits."""

FAST_RIGHT = 16
"""Of `nn_output`: its output is the high half of a sum."""

PAIRS_A_QUAD = 12
"""Pairs of pixels for four weights of a channel from which on doubling these pays."""

STREAM_BYTES, FOURS_STREAM_BYTES = 44, 80
"""Of two and of four channels, beside their weights."""

FOURS_PIXELS = 32
"""Of a tile, from which on the weights of four channels in scratch are little beside it."""


LANES_SHIFT = 8
"""Of an output that is made as a lane times 256: it is shifted by as much less."""


def takes_fours(out_c: int, tile: int) -> bool:
    """Whether channels are taken four at a time."""
    return out_c >= 4 and tile >= FOURS_PIXELS


def pointwise_scratch(in_c: int, out_c: int, tile: int) -> int:
    """Bytes, as firmware/nn/nn.h says; tile: no more than a row has."""
    fours = takes_fours(out_c, tile)
    return 2 * quad(in_c) * (even(tile) + (4 if fours else 2)) + (FOURS_STREAM_BYTES if fours else STREAM_BYTES)


def pointwise_params(params: dict[str, int | Array], lanes: bool = False) -> dict[str, int | Array]:
    """Fields of `nn_pointwise` from those of `nn_conv`, whose weights are (out, 1, 1, in).

    lanes: for nn_expand_depthwise_s8, which takes four channels at a time whatever the tile.
    """
    weights, bias = (np.asarray(params[name]) for name in ("weights", "bias"))
    matrix = weights.reshape(bias.size, -1)
    largest = np.abs(to_int(bias)) + 128 * np.abs(to_int(matrix)).sum(1)
    multiplier, shift = np.asarray(params["multiplier"]), np.asarray(params["shift"])
    ties = int(params["out_min"]) < int(params["out_zero"])
    bits = SCALE_BITS if np.all(largest < 2 ** (31 - SCALE_BITS)) else 0
    fours = int(bits > 0 and (lanes or takes_fours(bias.size, int(params["tile"]))))
    if fours:
        fours += min(MOST_FOUR_DOUBLINGS, 31 - SCALE_BITS - int(largest.max()).bit_length())
    elif bits and not ties and int(params["tile"]) // 2 >= PAIRS_A_QUAD * quad(matrix.shape[1]) // 4:
        bits = _fastest_bits(shift, largest)
    kept = ("in_c", "out_w", "out_c", "tile", "out_zero", "out_min", "out_max")
    fields: dict[str, int | Array] = {name: params[name] for name in kept}
    fields["scaled"] = bits
    fields["ties"] = int(ties)
    fields["fours"] = fours
    fields["packed"] = _pack(matrix, to_int(bias), multiplier, shift, int(params["out_zero"]), bits)
    return fields


def _fastest_bits(shift: Array, largest: Array) -> int:
    """By how many bits accumulators are kept larger so that most outputs are high halves."""
    fitting = [SCALE_BITS + n for n in range(MOST_DOUBLINGS + 1) if np.all(largest < 2 ** (31 - SCALE_BITS - n))]
    return max(fitting, key=lambda bits: int(np.sum(bits - 1 - to_int(shift) == FAST_RIGHT)))


def _pack(matrix: Array, bias: Array, multiplier: Array, shift: Array, zero: int, bits: int) -> Array:
    """Words of all pairs of channels, the last channel twice where their number is odd."""
    out_c, in_c = matrix.shape
    offset, right = output_constants(multiplier, shift, zero, bits or SCALE_BITS)
    fast = (right > 0) & (bits > 0)
    channels = np.minimum(np.arange(even(out_c)), out_c - 1)
    pairs = channels.reshape(-1, 2)
    both_fast = fast[pairs].all(1, keepdims=True)
    header = np.empty((len(pairs), 8), np.int64)
    header[:, :2] = bias[pairs] << bits
    header[:, 2::3] = multiplier[pairs]
    header[:, 3::3] = np.where(both_fast, offset[pairs], shift[pairs])
    header[:, 4::3] = np.where(both_fast, right[pairs], 0)
    taps = np.zeros((even(out_c), quad(in_c)), np.int8)
    taps[:, :in_c] = matrix[channels]
    words = taps.reshape(len(pairs), 2, -1, 4).transpose(0, 2, 1, 3).reshape(len(pairs), -1).copy().view("<i4")
    return np.concatenate([header.astype(np.int32), words.astype(np.int32)], 1).reshape(-1)
