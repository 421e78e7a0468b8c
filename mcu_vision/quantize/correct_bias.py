"""Bias correction: take away the mean error that rounded weights and clipped activations leave in each channel.

Source: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019,
section 4.2 and appendix D, the variant that measures the error on images.
"""

from __future__ import annotations

import numpy as np

from mcu_vision.ir import Array, Graph, Op
from mcu_vision.quantize.convert import CHANNEL_AXIS
from mcu_vision.reference import run_graph

LARGEST_BIAS = 2**29
"""As far as a bias and its products may go (see convert)."""


def correct_biases(quantized: Graph, floating: Graph, images: Array) -> None:
    """Change the biases of `quantized` so that each layer's mean output is that of `floating`, channel by channel.

    floating: the same operators before conversion. images: float32 (N, H, W, C) in [0, 1]. Layers are corrected in
    order, each on inputs that the corrected ones before it give.
    """
    expected = run_graph(floating, images, keep_all=True)
    first = quantized.inputs[0]
    values = {first: np.round(images * 255 - 128).astype(np.int8)}
    for op in quantized.ops:
        if type(op) in CHANNEL_AXIS:
            shift = _mean_error(quantized, op, _run(quantized, op, values), expected[op.outputs[0]])
            _shift_bias(quantized, op, shift)
        values[op.outputs[0]] = _run(quantized, op, values)


def _run(graph: Graph, op: Op, values: dict[str, Array]) -> Array:
    constants = ((name, graph.tensors[name].data) for name in op.inputs)
    return op.reference_int8(graph, *(values[name] if data is None else data for name, data in constants))


def _mean_error(graph: Graph, op: Op, found: Array, expected: Array) -> Array:
    """By how much each output channel is too large on average, as a real number."""
    quantization = graph.tensors[op.outputs[0]].quant
    real = (found.astype(np.float64) - quantization.zero_point) * quantization.scale
    channels = real.shape[-1]
    return np.asarray((real - expected).reshape(-1, channels).mean(0))


def _shift_bias(graph: Graph, op: Op, error: Array) -> None:
    bias = graph.tensors[op.inputs[2]]
    assert bias.data is not None
    steps = np.round(error / np.array(bias.quant.scales))
    shifted = np.clip(bias.data.astype(np.float64) - steps, -LARGEST_BIAS, LARGEST_BIAS)
    bias.data = shifted.astype(np.int32)
