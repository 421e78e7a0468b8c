"""Inverted bottlenecks that run as one operator, so that the wide maps inside them never exist."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcu_vision.errors import UserError
from mcu_vision.ir import Graph, Op
from mcu_vision.ops.add import Add
from mcu_vision.ops.conv2d import Conv2d
from mcu_vision.ops.depthwise_conv2d import DepthwiseConv2d
from mcu_vision.ops.inverted_bottleneck import InvertedBottleneck

TILE_PIXELS = 24
"""Of fused operators, before the search chooses their tiles."""


@dataclass(frozen=True)
class FusibleBlock:
    """Operators that follow one another with nothing else reading between them, by name; one for each stage."""

    stages: tuple[str, ...]
    ops: tuple[str, ...]


def find_blocks(graph: Graph) -> list[FusibleBlock]:
    """All chains that may fuse, as long as possible, disjoint, in the graph's order.

    A chain is a depthwise convolution, the 1x1 convolutions before and after it (at least one of them), and an
    addition of the chain's input, if they are there.
    """
    blocks = []
    taken: set[str] = set()
    for op in graph.ops:
        if isinstance(op, DepthwiseConv2d) and op.name not in taken:
            block = _block_around(graph, op, taken)
            if block is not None:
                blocks.append(block)
                taken |= set(block.ops)
    return blocks


def fuse_block(graph: Graph, block: FusibleBlock, tile_pixels: int, recompute: bool) -> Graph:
    """The graph with the operators of `block` as one InvertedBottleneck in the place of the last of them."""
    named = {op.name: op for op in graph.ops}
    parts = [named[name] for name in block.ops]
    fused = _fuse(graph, dict(zip(block.stages, parts, strict=True)))
    fused = replace(fused, tile_pixels=tile_pixels, recompute=recompute)
    inside = {part.outputs[0] for part in parts[:-1]}
    ops = [fused if op is parts[-1] else op for op in graph.ops if op not in parts[:-1]]
    tensors = {name: tensor for name, tensor in graph.tensors.items() if name not in inside}
    return replace(graph, ops=ops, tensors=tensors)


def fuse_all(graph: Graph, blocks: list[FusibleBlock], recompute: bool = False) -> Graph:
    """The graph with all `blocks` fused; `recompute`: those that expand compute rows twice."""
    for block in blocks:
        graph = fuse_block(graph, block, TILE_PIXELS, recompute and "expand" in block.stages)
    return graph


def _block_around(graph: Graph, depthwise: DepthwiseConv2d, taken: set[str]) -> FusibleBlock | None:
    if depthwise.dilation != (1, 1):
        return None
    parts: dict[str, Op] = {"depthwise": depthwise}
    before = graph.producer(depthwise.inputs[0])
    if before is not None and _is_pointwise(graph, before) and _only_reader(graph, before) is depthwise:
        parts = {"expand": before, **parts}
    after = _only_reader(graph, depthwise)
    if after is not None and _is_pointwise(graph, after):
        parts["project"] = after
    source, last = next(iter(parts.values())).inputs[0], list(parts.values())[-1]
    reader = _only_reader(graph, last)
    if isinstance(reader, Add) and sorted(reader.inputs) == sorted((source, last.outputs[0])):
        parts["add"] = reader
    names = tuple(part.name for part in parts.values())
    if len(parts) < 2 or not taken.isdisjoint(names) or not _fits(graph, parts):
        return None
    return FusibleBlock(tuple(parts), names)


def _fits(graph: Graph, parts: dict[str, Op]) -> bool:
    """True if the fused operator takes these parts."""
    fused = _fuse(graph, parts)
    try:
        fused.infer_shape([graph.tensors[name] for name in fused.inputs])
    except UserError:
        return False
    return True


def _fuse(graph: Graph, parts: dict[str, Op]) -> InvertedBottleneck:
    first, *_, last = parts.values()
    convolutions = [part for part in parts.values() if isinstance(part, (Conv2d, DepthwiseConv2d))]
    depthwise = parts["depthwise"]
    assert isinstance(depthwise, DepthwiseConv2d)
    quantizations = [graph.tensors[part.outputs[0]].quant for part in parts.values() if part is not last]
    return InvertedBottleneck(
        last.name,
        (first.inputs[0], *(name for part in convolutions for name in part.inputs[1:])),
        last.outputs,
        tuple(parts),
        tuple(part.activation for part in parts.values() if isinstance(part, (Conv2d, DepthwiseConv2d, Add))),
        tuple((quantization.scale, quantization.zero_point) for quantization in quantizations),
        depthwise.stride,
        depthwise.padding,
        source=last.source,
    )


def _is_pointwise(graph: Graph, op: Op) -> bool:
    return isinstance(op, Conv2d) and graph.tensors[op.inputs[1]].data is not None and op.is_pointwise(graph)


def _only_reader(graph: Graph, op: Op) -> Op | None:
    """The one operator that reads what `op` writes, if that is no output of the graph."""
    readers = graph.consumers(op.outputs[0])
    return readers[0] if len(readers) == 1 and op.outputs[0] not in graph.outputs else None
