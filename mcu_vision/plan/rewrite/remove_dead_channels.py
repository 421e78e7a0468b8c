"""Removal of channels that nobody reads, and of those that always hold the same value."""

from __future__ import annotations

from dataclasses import replace
from itertools import compress

import numpy as np

from mcu_vision.int8 import INT32_MAX, INT32_MIN
from mcu_vision.ir import Array, Graph, Op, Tensor, to_int
from mcu_vision.ops import Concat, Conv2d, Dense, DepthwiseConv2d, RnnPool
from mcu_vision.plan.rewrite.constant_channels import (
    Mask,
    Values,
    constant_sums,
    find_constants,
    is_layer,
    keeps_channels,
    layer_weights,
)


def remove_dead_channels(graph: Graph) -> Graph:
    """The same function with fewer channels, or `graph` itself if all are needed; outputs keep their bytes.

    A filter of zeros gives clamp(requantize(bias)) everywhere. Such a constant goes into the biases of the layers
    that read it, where padding, which is the zero point, does not make its sum differ from place to place;
    then nobody reads the channel, and it goes, and so do those that only it has read.
    """
    constants = find_constants(graph)
    live = _find_live(graph, constants)
    if all(mask.all() for mask in live.values()):
        return graph
    result = replace(graph, tensors=dict(graph.tensors))
    for name, mask in live.items():
        tensor = graph.tensors[name]
        result.tensors[name] = replace(tensor, shape=(*tensor.shape[:-1], int(mask.sum())))
    result.ops = [_shrink(graph, op, constants, live, result.tensors) for op in graph.ops]
    result.verify()
    return result


def _find_live(graph: Graph, constants: Values) -> dict[str, Mask]:
    """Which channels of each activation must stay, at least one of each."""
    pinned = {*graph.inputs, *graph.outputs}
    for op in graph.ops:
        if not (is_layer(graph, op) or type(op) is Concat or keeps_channels(graph, op)):
            pinned.update(op.outputs)
    live = {name: np.full(values.shape, name in pinned) for name, values in constants.items()}
    reads = {op.name: _channels_read(graph, op, constants) for op in graph.ops}
    while True:
        before = sum(mask.sum() for mask in live.values())
        for op in reversed(graph.ops):
            _spread(graph, op, reads[op.name], live)
        if sum(mask.sum() for mask in live.values()) == before:
            empty = next((mask for mask in live.values() if not mask.any()), None)
            if empty is None:
                return live
            empty[0] = True


def _channels_read(graph: Graph, op: Op, constants: Values) -> Mask | None:
    """(outputs, inputs): which channels of the input each output needs; None for any other kind of operator."""
    if type(op) in (Conv2d, Dense):
        weights = layer_weights(graph, op, constants)
        return weights.used & ~weights.folds
    if type(op) is RnnPool:
        x = graph.tensors[op.inputs[0]]
        used = (op.constant(graph, 1) != 0).any(0) & (constants[x.name] != x.quant.zero_point)
        return np.broadcast_to(used, (graph.tensors[op.outputs[0]].shape[-1], len(used)))
    return None


def _spread(graph: Graph, op: Op, reads: Mask | None, live: dict[str, Mask]) -> None:
    """Mark what must stay on one side of `op` because of what stays on the other."""
    out = live[op.outputs[0]]
    if reads is not None:
        live[op.inputs[0]] |= reads[out].any(0)
    elif type(op) is Concat:
        ends = np.cumsum([len(live[name]) for name in op.inputs])
        for name, part in zip(op.inputs, np.split(out, ends[:-1]), strict=True):
            part |= live[name]
            live[name] |= part
    else:
        inputs = [live[tensor.name] for tensor in op.activations(graph)]
        together = np.any([out, *inputs], 0) if keeps_channels(graph, op) else np.True_
        for mask in (out, *inputs):
            mask |= together


def _shrink(graph: Graph, op: Op, constants: Values, live: dict[str, Mask], tensors: dict[str, Tensor]) -> Op:
    """`op` with the constants that fit its tensors' channels, which go into `tensors`."""
    inputs, outputs = live[op.inputs[0]], live[op.outputs[0]]
    if inputs.all() and outputs.all():
        return op
    new: dict[int, Tensor] = {}
    if is_layer(graph, op):
        weights, bias = (graph.tensors[name] for name in op.inputs[1:3])
        offsets = constant_sums(graph, op, layer_weights(graph, op, constants), constants, ~inputs)
        # No channel comes nearer to overflow; what lies outside int32 is more than a kernel takes, as before.
        sums = np.clip(to_int(op.constant(graph, 2)) + offsets, INT32_MIN, INT32_MAX)
        new[1] = _replace(weights, _pick(op, op.constant(graph, 1), inputs, outputs), outputs)
        new[2] = _replace(bias, sums[outputs].astype(np.int32), outputs)
    elif type(op) is RnnPool:
        new[1] = _replace(graph.tensors[op.inputs[1]], op.constant(graph, 1)[:, inputs], None)
    names = list(op.inputs)
    for index, tensor in new.items():
        if len(graph.consumers(tensor.name)) > 1:
            tensor.name = f"{tensor.name}.{op.name}"
        names[index] = tensor.name
        tensors[tensor.name] = tensor
    return replace(op, inputs=tuple(names))


def _pick(op: Op, weights: Array, inputs: Mask, outputs: Mask) -> Array:
    """The weights between channels that stay."""
    if isinstance(op, DepthwiseConv2d):
        return np.asarray(weights[..., outputs])
    taps = weights.reshape(len(weights), -1, len(inputs))[outputs][..., inputs]
    return taps.reshape(len(taps), *weights.shape[1:-1], -1)


def _replace(tensor: Tensor, data: Array, outputs: Mask | None) -> Tensor:
    """A constant with other data, and the scales of the outputs that stay."""
    quantization = tensor.quantization
    if quantization is not None and outputs is not None and len(quantization.scales) > 1:
        quantization = replace(quantization, scales=tuple(compress(quantization.scales, outputs)))
    return Tensor(tensor.name, data.shape, tensor.dtype, quantization, np.ascontiguousarray(data))
