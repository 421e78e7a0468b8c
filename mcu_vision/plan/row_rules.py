"""The rows that every step of every operator reads and writes, worked out once for a graph."""

from dataclasses import dataclass

from mcu_vision.ir import Graph

Span = tuple[int, int]
"""Rows [first, last)."""


@dataclass(frozen=True)
class RowRule:
    """One operator. reads: for each activation input its name and the span of each step."""

    steps: int
    output: str
    reads: tuple[tuple[str, tuple[Span, ...]], ...]
    writes: tuple[Span, ...]


def row_rules(graph: Graph) -> list[RowRule]:
    """The rules of all operators, in the order of the graph."""
    rules = []
    for op in graph.ops:
        count = op.steps(graph)
        reads = []
        for tensor, window in zip(op.activations(graph), op.windows(graph), strict=True):
            whole = (0, tensor.rows)
            spans = tuple(whole if window is None else window.span(s, tensor.rows) for s in range(count))
            reads.append((tensor.name, spans))
        writes = tuple(op.rows_written(graph, s) for s in range(count))
        rules.append(RowRule(count, op.outputs[0], tuple(reads), writes))
    return rules
