"""How nn_depthwise_s8 takes a depthwise convolution: parameters, packed weights."""

import numpy as np

from mcu_vision.int8 import output_constants
from mcu_vision.ir import Array, to_int

INPUT_BITS = 8
"""Inputs of the 3x3 kernel are kept times 2**INPUT_BITS."""

FAST_BITS = 17
"""A channel is fast if accumulators times 2**(FAST_BITS + shift) fit 31 bits: the output then is a high half."""

LEAST_CHANNELS = 4


def depthwise_params(params: dict[str, int | Array]) -> dict[str, int | Array]:
    """Fields of `nn_depthwise` from those of `nn_conv`, whose weights are (1, kernel_h, kernel_w, channels)."""
    fields = {name: value for name, value in params.items() if name != "out_c"}
    weights, bias = (np.asarray(params[name]) for name in ("weights", "bias"))
    taps = to_int(weights).reshape(-1, bias.size).T
    largest = np.abs(to_int(bias)) + 128 * np.abs(taps).sum(1)
    kernel = (params["kernel_h"], params["kernel_w"], params["dilation_w"])
    fits = kernel == (3, 3, 1) and int(params["stride_w"]) <= 2 and bias.size >= LEAST_CHANNELS
    if not fits or np.any(largest >= 2 ** (31 - INPUT_BITS)):
        return fields
    multiplier, shift = (to_int(np.asarray(fields.pop(name))) for name in ("multiplier", "shift"))
    del fields["weights"], fields["bias"]
    fields["packed"] = _pack(taps, to_int(bias), largest, multiplier, shift, int(params["out_zero"]))
    return fields


def _pack(taps: Array, bias: Array, largest: Array, multiplier: Array, shift: Array, zero: int) -> Array:
    """Words of `nn_depthwise_block`, channel by channel; taps (channels, 9)."""
    bits = np.clip(FAST_BITS + shift, INPUT_BITS, 2 * INPUT_BITS)
    bits = np.where(largest << bits < 2**31, bits, INPUT_BITS)
    offset, right = np.zeros_like(bits), np.zeros_like(bits)
    for value in np.unique(bits):
        chosen = bits == value
        offset[chosen], right[chosen] = output_constants(multiplier[chosen], shift[chosen], zero, int(value))
    bits = np.where(right == 0, INPUT_BITS, bits)
    scaled = (taps << (bits - INPUT_BITS)[:, None]).reshape(-1, 3, 3)
    words = np.zeros((len(taps), 10), np.int64)
    words[:, 0] = bias << bits
    words[:, 1:4] = _lanes(scaled[:, 0], scaled[:, 1])
    words[:, 4] = _lanes(scaled[:, 2, 0], scaled[:, 2, 1])
    words[:, 5] = scaled[:, 2, 2] & 0xFFFF
    words[:, 6] = multiplier
    words[:, 7] = np.where(right == 0, shift, offset)
    words[:, 8] = right
    words[:, 9] = 1 << (bits - 1)
    return words.astype(np.uint32).view(np.int32).reshape(-1)


def _lanes(low: Array, high: Array) -> Array:
    return (low & 0xFFFF) | (high & 0xFFFF) << 16
