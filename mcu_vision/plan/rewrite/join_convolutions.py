"""Convolutions of the same input that run by Winograd's method share the transform of its tiles: they become one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from mcu_vision.ir import Graph, Op, Quantization, Tensor
from mcu_vision.ops import Conv2d, Select

Group = list[Conv2d]


def join_convolutions(graph: Graph) -> Graph:
    """`graph` with such convolutions joined, and their channels taken apart again; itself if there are none.

    All tensors that were there before keep their bytes.
    """
    groups = _find_groups(graph)
    if not groups:
        return graph
    tensors, joined = dict(graph.tensors), {group[0].name: _join(graph, group) for group in groups}
    parts: dict[str, Op] = {}
    for _, added in joined.values():
        tensors |= {tensor.name: tensor for tensor in added}
    for group in groups:
        whole, first = joined[group[0].name][0], 0
        for part in group:
            count = graph.tensors[part.outputs[0]].shape[3]
            channels = tuple(range(first, first + count))
            parts[part.name] = Select(part.name, whole.outputs, part.outputs, channels=channels, source=part.source)
            for name in part.inputs[1:]:
                tensors.pop(name, None)
            first += count
    ops: list[Op] = []
    for op in graph.ops:
        ops += [joined[op.name][0]] if op.name in joined else []
        ops.append(parts.get(op.name, op))
    result = replace(graph, tensors=tensors, ops=ops)
    result.verify()
    return result


def _find_groups(graph: Graph) -> list[Group]:
    """Convolutions that can be joined, two or more each; those that share constants with others cannot."""
    readers = [name for op in graph.ops for name in op.inputs]
    found: defaultdict[object, Group] = defaultdict(list)
    for op in graph.ops:
        alone = all(readers.count(name) == 1 for name in op.inputs[1:])
        if isinstance(op, Conv2d) and op.winograd and not op.parts and op.activation == "none" and alone:
            found[op.inputs[0], op.padding].append(op)
    return [group for group in found.values() if len(group) > 1]


def _join(graph: Graph, group: Group) -> tuple[Conv2d, list[Tensor]]:
    """The convolution that stands for `group`, its constants and its output."""
    name = "+".join(op.name for op in group)
    weights, biases = ([graph.tensors[op.inputs[i]] for op in group] for i in (1, 2))
    scales = tuple(s for w in weights for s in _scales(w))
    outs = [graph.tensors[op.outputs[0]] for op in group]
    channels = sum(out.shape[3] for out in outs)
    added = [
        _stack(f"{name}.weights", weights, Quantization(scales, 0, 0)),
        _stack(f"{name}.bias", biases, None),
        Tensor(name, (*outs[0].shape[:3], channels), "int8", outs[0].quantization),
    ]
    op = replace(
        group[0],
        name=name,
        inputs=(group[0].inputs[0], added[0].name, added[1].name),
        outputs=(name,),
        parts=tuple((out.shape[3], out.quant.scale, out.quant.zero_point) for out in outs),
    )
    return op, added


def _scales(weights: Tensor) -> tuple[float, ...]:
    """One a channel."""
    scales = weights.quant.scales
    return scales if len(scales) == weights.shape[0] else scales * weights.shape[0]


def _stack(name: str, tensors: list[Tensor], quantization: Quantization | None) -> Tensor:
    data = np.concatenate([np.asarray(tensor.data) for tensor in tensors])
    return Tensor(name, data.shape, tensors[0].dtype, quantization, data)
