"""Pointwise convolutions of small maps make all their rows in one step."""

from dataclasses import replace

from mcu_vision.ir import Graph, Op
from mcu_vision.ops import Conv2d

MOST_PIXELS = 144
"""Larger maps have rows long enough to pay for the work on the weights."""


def gather_rows(graph: Graph) -> Graph:
    """`graph` with such convolutions whole; `graph` itself if there are none."""
    small = [_is_small(graph, op) for op in graph.ops]
    if not any(small):
        return graph
    ops = [replace(op, whole=True) if chosen else op for op, chosen in zip(graph.ops, small, strict=True)]  # type: ignore[call-arg]
    return replace(graph, ops=ops)


def _is_small(graph: Graph, op: Op) -> bool:
    out = graph.tensors[op.outputs[0]]
    if not isinstance(op, Conv2d) or op.whole or not op.is_pointwise(graph):
        return False
    return out.rows > 1 and out.rows * out.shape[2] <= MOST_PIXELS
