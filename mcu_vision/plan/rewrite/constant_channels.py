"""Channels that hold the same value everywhere, whatever the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_vision.int8 import IntArray
from mcu_vision.ir import Array, Graph, Op, to_int
from mcu_vision.ops import (
    Add,
    AveragePool2d,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    MaxPool2d,
    Mean,
    Requantize,
)
from mcu_vision.ops.convolution import Convolution, requantize_sums

CHANNEL_BY_CHANNEL = (Add, AveragePool2d, DepthwiseConv2d, MaxPool2d, Mean, Requantize)

Mask = npt.NDArray[np.bool_]
Values = dict[str, npt.NDArray[np.float64]]
"""For each activation the value of each channel (last axis), NaN where it varies."""


def find_constants(graph: Graph) -> Values:
    """Follow constants through the graph."""
    constants = {t.name: np.full(t.shape[-1], np.nan) for t in graph.tensors.values() if t.data is None}
    for op in graph.ops:
        out = op.outputs[0]
        if is_layer(graph, op):
            constants[out] = _layer_constants(graph, op, constants)
        elif type(op) is Concat:
            constants[out] = np.concatenate([constants[name] for name in op.inputs])
        elif keeps_channels(graph, op):
            known = ~np.isnan([constants[name] for name in op.inputs]).any(0)
            if known.any():
                constants[out] = np.where(known, _run_on_constants(graph, op, constants), np.nan)
    return constants


def _layer_constants(graph: Graph, op: Op, constants: Values) -> npt.NDArray[np.float64]:
    weights = layer_weights(graph, op, constants)
    known = (~weights.used | weights.folds).all(1)
    sums = to_int(op.constant(graph, 2)) + constant_sums(graph, op, weights, constants, weights.folds)
    return np.where(known, requantize_sums(graph, op, sums), np.nan)


def _run_on_constants(graph: Graph, op: Op, constants: Values) -> Array:
    """One pixel of the result for maps that hold a constant in each channel (0 where it varies)."""
    values = [np.nan_to_num(constants[name]).astype(np.int8) for name in op.inputs]
    maps = [np.broadcast_to(v, graph.tensors[name].shape) for v, name in zip(values, op.inputs, strict=True)]
    result = op.reference_int8(graph, *maps)
    return np.asarray(result.reshape(-1, result.shape[-1])[0])


def is_layer(graph: Graph, op: Op) -> bool:
    """True if the output is a weighted sum of the input and a bias."""
    return type(op) in (Conv2d, Dense) or (type(op) is DepthwiseConv2d and keeps_channels(graph, op))


def keeps_channels(graph: Graph, op: Op) -> bool:
    """True if channel c of the output depends on channel c of each input alone."""
    shapes = [tensor.shape for tensor in (*op.activations(graph), graph.tensors[op.outputs[0]])]
    plain = type(op) is DepthwiseConv2d or len(op.activations(graph)) == len(op.inputs)
    return type(op) in CHANNEL_BY_CHANNEL and plain and len({shape[-1] for shape in shapes}) == 1


@dataclass(frozen=True)
class LayerWeights:
    """How the channels of a layer depend on those of its input.

    used, sums (outputs, inputs): whether a weight between two channels is not zero, and the sum of their weights.
    folds (inputs): channels whose constant adds the same to a sum wherever it is taken.
    """

    used: Mask
    sums: IntArray
    folds: Mask


def layer_weights(graph: Graph, op: Op, constants: Values) -> LayerWeights:
    """What constants and padding leave of the weights of `op`."""
    x = graph.tensors[op.inputs[0]]
    weights = to_int(op.constant(graph, 1))
    depthwise = isinstance(op, DepthwiseConv2d)
    taps = weights.reshape(1 if depthwise else len(weights), -1, x.shape[-1])
    used, sums = (taps != 0).any(1), taps.sum(1)
    if depthwise:
        used, sums = np.diag(used[0]), np.diag(sums[0])
    values = constants[x.name]
    padded = isinstance(op, Convolution) and _reads_padding(graph, op)
    folds = values == x.quant.zero_point if padded else ~np.isnan(values)
    return LayerWeights(used, sums, folds)


def constant_sums(graph: Graph, op: Op, weights: LayerWeights, constants: Values, chosen: Mask) -> IntArray:
    """What the constants of the `chosen` input channels add to each output's sum."""
    x = graph.tensors[op.inputs[0]]
    above_zero = np.where(chosen & weights.folds, constants[x.name] - x.quant.zero_point, 0)
    return np.asarray(weights.sums @ above_zero.astype(np.int64), np.int64)


def _reads_padding(graph: Graph, op: Convolution) -> bool:
    """True if a window reaches over an edge of the map."""
    x, weights, out = (graph.tensors[name].shape for name in (op.inputs[0], op.inputs[1], op.outputs[0]))
    for axis in (0, 1):
        before = op.padding[axis]
        last = (out[1 + axis] - 1) * op.stride[axis] + (weights[1 + axis] - 1) * op.dilation[axis] - before
        if before > 0 or last >= x[1 + axis]:
            return True
    return False
