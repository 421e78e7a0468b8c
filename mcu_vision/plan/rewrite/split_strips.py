"""The first operators of a graph run once for each vertical strip of the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mcu_vision.ir import Graph, Op, Tensor
from mcu_vision.ops import (
    Add,
    Conv2d,
    DepthwiseConv2d,
    InvertedBottleneck,
    Join,
    L2Normalize,
    Lookup,
    ReadRows,
    Requantize,
    Sub,
)
from mcu_vision.ops.convolution import Convolution
from mcu_vision.ops.pool2d import AveragePool2d, MaxPool2d

Columns = tuple[int, int]
"""[first, last) of a row."""

WINDOWED = (Conv2d, DepthwiseConv2d, InvertedBottleneck, MaxPool2d, AveragePool2d)
PIXEL_BY_PIXEL = (Add, Sub, L2Normalize, Lookup, Requantize)


@dataclass(frozen=True)
class Strip:
    """The operators that compute one strip, and their activations."""

    ops: list[Op]
    tensors: dict[str, Tensor]
    output: str


def strip_ends(graph: Graph) -> list[int]:
    """After which operators strips may end: all before can be cut into strips, and only that one is read later."""
    ends = []
    for index, op in enumerate(graph.ops[:-1]):
        if type(op) is not ReadRows and type(op) not in WINDOWED + PIXEL_BY_PIXEL:
            break
        inside = {name for o in graph.ops[: index + 1] for name in o.outputs}
        seen = set(graph.kept).union(*(o.inputs for o in graph.ops[index + 1 :]))
        alone = inside & seen == set(op.outputs) and not seen & set(graph.inputs) and op.outputs[0] not in graph.kept
        if alone and type(op) is not ReadRows:
            ends.append(index)
    return ends


def cut_strip(graph: Graph, end: int, columns: Columns, suffix: str) -> Strip | None:
    """Operators up to `end` for some columns of what that one gives; None if two readers need different columns."""
    needed = {graph.ops[end].outputs[0]: columns}
    ops: list[Op] = []
    for op in reversed(graph.ops[: end + 1]):
        wanted = needed[op.outputs[0]]
        if isinstance(op, ReadRows):
            ops.append(_renamed(replace(op, columns=wanted), suffix, {op.outputs[0]}))
            continue
        cropped, source = _crop(graph, op, wanted)
        activations = {tensor.name for tensor in op.activations(graph)}
        if any(needed.setdefault(name, source) != source for name in activations):
            return None
        ops.append(_renamed(cropped, suffix, {*activations, op.outputs[0]}))
    inside = {name for op in graph.ops[: end + 1] for name in op.outputs}
    tensors = {}
    for name in inside & set(needed):
        tensor, (first, last) = graph.tensors[name], needed[name]
        batch, height, _, channels = tensor.shape
        tensors[name + suffix] = replace(tensor, name=name + suffix, shape=(batch, height, last - first, channels))
    return Strip(ops[::-1], tensors, graph.ops[end].outputs[0] + suffix)


def split_strips(graph: Graph, end: int, bounds: Sequence[int]) -> tuple[Graph, tuple[int, ...]] | None:
    """The same function computed in strips up to operator `end`, then joined, and where each strip and the rest begin.

    bounds: columns of the joined map at which strips begin, and its width. Strips overlap in what they read:
    those columns are computed again.
    """
    joined = graph.ops[end].outputs[0]
    strips = []
    for index, (first, last) in enumerate(pairwise(bounds)):
        strip = cut_strip(graph, end, (first, last), f".strip{index}")
        if strip is None:
            return None
        strips.append(strip)
    join = Join(f"{joined}.join", tuple(strip.output for strip in strips), (joined,))
    gone = {name for op in graph.ops[:end] for name in op.outputs}
    tensors = {name: tensor for name, tensor in graph.tensors.items() if name not in gone}
    for strip in strips:
        tensors |= strip.tensors
    ops = [*(op for strip in strips for op in strip.ops), join, *graph.ops[end + 1 :]]
    starts = tuple((end + 1) * (index + 1) for index in range(len(strips)))
    return replace(graph, ops=ops, tensors=tensors), starts


def _renamed(op: Op, suffix: str, names: set[str]) -> Op:
    def rename(all_names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name + suffix if name in names else name for name in all_names)

    return replace(op, name=op.name + suffix, inputs=rename(op.inputs), outputs=rename(op.outputs))


def _crop(graph: Graph, op: Op, wanted: Columns) -> tuple[Op, Columns]:
    """`op` for the `wanted` columns of its output alone, and the columns of its inputs that it then reads."""
    if type(op) in PIXEL_BY_PIXEL:
        return op, wanted
    assert isinstance(op, WINDOWED)
    width = graph.tensors[op.inputs[0]].shape[2]
    top, left, bottom, _ = op.padding
    first = wanted[0] * op.stride[1] - left
    last = (wanted[1] - 1) * op.stride[1] - left + _span(graph, op)
    source = max(0, first), min(width, last)
    cropped = replace(op, padding=(top, source[0] - first, bottom, last - source[1]))
    if isinstance(cropped, InvertedBottleneck) and "add" in cropped.stages:
        cropped = replace(cropped, residual_x=op.residual_x + wanted[0] - source[0])  # type: ignore[union-attr]
    return cropped, source


def _span(graph: Graph, op: Op) -> int:
    """Columns that one output pixel reads."""
    if isinstance(op, (MaxPool2d, AveragePool2d)):
        return op.size[1]
    if isinstance(op, InvertedBottleneck):
        return op.kernel_size(graph)[1]
    assert isinstance(op, Convolution)
    return (graph.tensors[op.inputs[1]].shape[2] - 1) * op.dilation[1] + 1
