"""Cross-layer equalisation: even out channels between two layers without changing what the network computes.

Source: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019,
section 4.1. A channel between two layers may be scaled by any positive factor, and its inverse put into the next
layer, if nothing or ReLU lies between; ReLU6 clips and so forbids it.
"""

from __future__ import annotations

import numpy as np

from mcu_vision.ir import Array, Graph, Op
from mcu_vision.ops import Conv2d, Dense, DepthwiseConv2d
from mcu_vision.quantize.edit_graph import only_reader
from mcu_vision.quantize.fold_scale_channels import scale_input, scale_result

LAYERS = (Conv2d, DepthwiseConv2d, Dense)
ROUNDS = 20
LARGEST_FACTOR = 1e3


def equalize(graph: Graph) -> int:
    """Equalise all pairs of layers of a float graph whose activations are fused; returns how many there are.

    Pairs share layers, so they are gone through until the factors settle.
    """
    pairs = [pair for op in graph.ops if (pair := _pair(graph, op)) is not None]
    for _ in range(ROUNDS):
        if all(np.allclose(_equalize_pair(graph, *pair), 1.0, rtol=0.01) for pair in pairs):
            break
    return len(pairs)


def _pair(graph: Graph, first: Op) -> tuple[Op, Op] | None:
    if not isinstance(first, LAYERS) or first.activation not in ("none", "relu"):
        return None
    second = only_reader(graph, first.outputs[0])
    same_channels = second is not None and isinstance(second, LAYERS) and second.inputs[0] == first.outputs[0]
    return (first, second) if same_channels and second is not None else None


def _equalize_pair(graph: Graph, first: Op, second: Op) -> Array:
    """Scale the channels between so that both layers' weights span the same range; returns the factors."""
    channels = graph.tensors[first.outputs[0]].shape[-1]
    after = _largest(first.constant(graph, 1), first, channels, of_inputs=False)
    before = _largest(second.constant(graph, 1), second, channels, of_inputs=True)
    usable = (after > 0) & (before > 0)
    factors = np.ones(channels)
    factors[usable] = np.sqrt(before[usable] / after[usable])
    factors = np.clip(factors, 1 / LARGEST_FACTOR, LARGEST_FACTOR)
    scale_result(graph, first, factors, np.zeros(channels))
    scale_input(graph, second, 1 / factors, np.zeros(channels))
    return factors


def _largest(weights: Array, op: Op, channels: int, of_inputs: bool) -> Array:
    """The largest absolute weight of each input or output channel."""
    magnitude = np.abs(weights.astype(np.float64))
    if isinstance(op, DepthwiseConv2d) or of_inputs:
        # The last axis: a dense layer behind a map reads its channels again and again.
        return np.asarray(magnitude.reshape(-1, channels).max(0))
    return np.asarray(magnitude.reshape(channels, -1).max(1))
