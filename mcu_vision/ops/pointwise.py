"""How nn_pointwise_s8 takes a 1x1 convolution: parameters, packed weights, scratch."""

import numpy as np

from mcu_vision.int8 import output_constants
from mcu_vision.ir import Array, to_int
from mcu_vision.ops.common import even, quad

SCALE_BITS = 8
"""Accumulators are kept times 2**SCALE_BITS where they fit (NN_POINTWISE_BITS of firmware/nn/nn_pointwise.h)."""

STREAM_BYTES = 44
"""NN_STREAM_BYTES of firmware/nn/nn_pointwise.h."""


def pointwise_scratch(in_c: int, tile: int) -> int:
    """Bytes, as firmware/nn/nn.h says; tile: no more than a row has."""
    return 2 * quad(in_c) * (even(tile) + 2) + STREAM_BYTES


def pointwise_params(params: dict[str, int | Array]) -> dict[str, int | Array]:
    """Fields of `nn_pointwise` from those of `nn_conv`, whose weights are (out, 1, 1, in)."""
    weights, bias = (np.asarray(params[name]) for name in ("weights", "bias"))
    matrix = weights.reshape(bias.size, -1)
    largest = np.abs(to_int(bias)) + 128 * np.abs(to_int(matrix)).sum(1)
    scaled = bool(np.all(largest < 2 ** (31 - SCALE_BITS)))
    kept = ("in_c", "out_w", "out_c", "tile", "out_zero", "out_min", "out_max")
    fields: dict[str, int | Array] = {name: params[name] for name in kept}
    fields["scaled"] = int(scaled)
    fields["ties"] = int(int(params["out_min"]) < int(params["out_zero"]))
    multiplier, shift = np.asarray(params["multiplier"]), np.asarray(params["shift"])
    fields["packed"] = _pack(matrix, to_int(bias), multiplier, shift, int(params["out_zero"]), scaled)
    return fields


def _pack(matrix: Array, bias: Array, multiplier: Array, shift: Array, zero: int, scaled: bool) -> Array:
    """Words of all pairs of channels, the last channel twice where their number is odd."""
    out_c, in_c = matrix.shape
    offset, right = output_constants(multiplier, shift, zero, SCALE_BITS)
    fast = np.minimum(right, int(scaled)).astype(bool)
    channels = np.minimum(np.arange(even(out_c)), out_c - 1)
    pairs = channels.reshape(-1, 2)
    both_fast = fast[pairs].all(1, keepdims=True)
    header = np.empty((len(pairs), 8), np.int64)
    header[:, :2] = bias[pairs] << (SCALE_BITS if scaled else 0)
    header[:, 2::3] = multiplier[pairs]
    header[:, 3::3] = np.where(both_fast, offset[pairs], shift[pairs])
    header[:, 4::3] = np.where(both_fast, right[pairs], 0)
    taps = np.zeros((even(out_c), quad(in_c)), np.int8)
    taps[:, :in_c] = matrix[channels]
    words = taps.reshape(len(pairs), 2, -1, 4).transpose(0, 2, 1, 3).reshape(len(pairs), -1).copy().view("<i4")
    return np.concatenate([header.astype(np.int32), words.astype(np.int32)], 1).reshape(-1)
