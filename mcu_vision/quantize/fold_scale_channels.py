"""Fold batch normalisation and learned channel scales into convolutions and dense layers.

A scale goes into the layer before it if nothing else reads that layer's result; else into all layers
behind it, if there is no offset that zero padding would miss; else it becomes a 1x1 depthwise convolution.
"""

from __future__ import annotations

import numpy as np

from mcu_vision.ir import Array, Graph, Op
from mcu_vision.ops import Concat, Conv2d, Dense, DepthwiseConv2d, ScaleChannels
from mcu_vision.quantize.edit_graph import bypass, only_reader, set_constant

LAYERS = (Conv2d, DepthwiseConv2d, Dense)


def fold_scale_channels(graph: Graph) -> None:
    """Remove every ScaleChannels from `graph`, which keeps its meaning up to float rounding."""
    _merge_chains(graph)
    for op in [op for op in graph.ops if isinstance(op, ScaleChannels)]:
        scale, offset = (op.constant(graph, i).astype(np.float64) for i in (1, 2))
        before = graph.producer(op.inputs[0])
        if before is not None and _takes_result(graph, before, op):
            scale_result(graph, before, scale, offset)
        elif _readers_take_it(graph, op, offset):
            for reader in graph.consumers(op.outputs[0]):
                scale_input(graph, reader, scale, offset)
        else:
            _become_layer(graph, op, scale)
            continue
        bypass(graph, op)


def _merge_chains(graph: Graph) -> None:
    """Make one of two in a row, so that neither hides a layer from the other."""
    for op in [op for op in graph.ops if isinstance(op, ScaleChannels)]:
        before = graph.producer(op.inputs[0])
        if isinstance(before, ScaleChannels) and _takes_result(graph, before, op):
            scale, offset = (op.constant(graph, i).astype(np.float64) for i in (1, 2))
            scale_result(graph, before, scale, offset)
            bypass(graph, op)


def _takes_result(graph: Graph, before: Op, reader: Op) -> bool:
    if only_reader(graph, before.outputs[0]) is not reader:
        return False
    if isinstance(before, Concat):
        parts = [graph.producer(name) for name in before.inputs]
        return all(part is not None and _takes_result(graph, part, before) for part in parts)
    return isinstance(before, ScaleChannels) or (isinstance(before, LAYERS) and before.activation == "none")


def scale_result(graph: Graph, before: Op, scale: Array, offset: Array) -> None:
    """Let a layer give scale * its result + offset, both one value a channel.

    Weights' axis of outputs is the last, except Conv2d's and Dense's, where it is the first.
    """
    if isinstance(before, Concat):
        ends = np.cumsum([graph.tensors[name].shape[-1] for name in before.inputs])[:-1]
        parts = zip(before.inputs, np.split(scale, ends), np.split(offset, ends), strict=True)
        for name, own_scale, own_offset in parts:
            producer = graph.producer(name)
            assert producer is not None
            scale_result(graph, producer, own_scale, own_offset)
        return
    weights, bias = (before.constant(graph, i).astype(np.float64) for i in (1, 2))
    first = isinstance(before, (Conv2d, Dense))
    shaped = scale.reshape(-1, *(1,) * (weights.ndim - 1)) if first else scale
    set_constant(graph, before, 1, weights * shaped)
    set_constant(graph, before, 2, bias * scale + offset)


def _readers_take_it(graph: Graph, op: Op, offset: Array) -> bool:
    readers = graph.consumers(op.outputs[0])
    if not readers or op.outputs[0] in graph.outputs or not all(isinstance(r, LAYERS) for r in readers):
        return False
    padded = any(any(getattr(r, "padding", ())) for r in readers)
    return not padded or not np.any(offset)


def scale_input(graph: Graph, reader: Op, scale: Array, offset: Array) -> None:
    """Let a layer give for x what it gave for scale * x + offset, both one value a channel."""
    weights, bias = (reader.constant(graph, i).astype(np.float64) for i in (1, 2))
    # A dense layer reads a whole map in HWC order, so the channels repeat along its columns.
    repeats = weights.shape[-1] // len(scale)
    added = weights * np.tile(offset, repeats)
    depthwise = isinstance(reader, DepthwiseConv2d)
    axes = (0, 1, 2) if depthwise else tuple(range(1, weights.ndim))
    set_constant(graph, reader, 1, weights * np.tile(scale, repeats))
    set_constant(graph, reader, 2, bias + added.sum(axes))


def _become_layer(graph: Graph, op: Op, scale: Array) -> None:
    """An image gets a 1x1 depthwise convolution, a vector a diagonal dense layer."""
    kind: type[Op] = Dense
    weights = np.diag(scale)
    if len(graph.tensors[op.inputs[0]].shape) == 4:
        kind, weights = DepthwiseConv2d, scale.reshape(1, 1, 1, -1)
    set_constant(graph, op, 1, weights)
    layer = kind(op.name, op.inputs, op.outputs, source=op.source)
    graph.ops[graph.ops.index(op)] = layer
