"""A convolution whose map only a mean reads, in groups of channels: a part of the map exists at a time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from mcu_vision.ir import Graph, Op, Tensor
from mcu_vision.ops import Conv2d, Join, Mean


def split_channels(graph: Graph, groups: int) -> Graph:
    """The same function; each such convolution and mean `groups` times over, for some output channels each."""
    for mean in [op for op in graph.ops if type(op) is Mean]:
        conv = graph.producer(mean.inputs[0])
        if type(conv) is Conv2d and graph.consumers(conv.outputs[0]) == [mean] and conv.outputs[0] not in graph.outputs:
            graph = _split(graph, conv, mean, groups)
    return graph


def _split(graph: Graph, conv: Conv2d, mean: Mean, groups: int) -> Graph:
    channels = graph.tensors[conv.outputs[0]].shape[-1]
    bounds = sorted({channels * i // groups // 4 * 4 for i in range(groups)} | {channels})
    tensors = dict(graph.tensors)
    ops: list[Op] = []
    for index, (first, last) in enumerate(pairwise(bounds)):
        suffix = f".part{index}"
        for name in (*conv.inputs[1:], conv.outputs[0], mean.outputs[0]):
            tensors[name + suffix] = _part(graph.tensors[name], name + suffix, first, last)
        inputs = (conv.inputs[0], *(name + suffix for name in conv.inputs[1:]))
        ops.append(replace(conv, name=conv.name + suffix, inputs=inputs, outputs=(conv.outputs[0] + suffix,)))
        ends = {"inputs": ops[-1].outputs, "outputs": (mean.outputs[0] + suffix,)}
        ops.append(replace(mean, name=mean.name + suffix, **ends))  # type: ignore[arg-type]
    ops.append(Join(f"{mean.name}.join", tuple(op.outputs[0] for op in ops[1::2]), mean.outputs))
    del tensors[conv.outputs[0]]
    rest = [op for op in graph.ops if op is not conv]
    at = rest.index(mean)
    return replace(graph, ops=[*rest[:at], *ops, *rest[at + 1 :]], tensors=tensors)


def _part(tensor: Tensor, name: str, first: int, last: int) -> Tensor:
    """Output channels [first, last): the first axis of a constant, the last of an activation."""
    if tensor.data is None:
        return replace(tensor, name=name, shape=(*tensor.shape[:-1], last - first))
    data = np.ascontiguousarray(tensor.data[first:last])
    quantization = tensor.quantization
    if quantization is not None and len(quantization.scales) > 1:
        quantization = replace(quantization, scales=quantization.scales[first:last])
    return replace(tensor, name=name, shape=data.shape, data=data, quantization=quantization)
