"""The rows that every step of every operator reads and writes, worked out once for a graph."""

from dataclasses import dataclass

from mcu_vision.ir import Graph, Op

Span = tuple[int, int]
"""Rows [first, last)."""


@dataclass(frozen=True)
class RowRule:
    """One operator. reads: for each activation in memory its name and the span of each step."""

    steps: int
    output: str
    reads: tuple[tuple[str, tuple[Span, ...]], ...]
    writes: tuple[Span, ...]


def row_rules(graph: Graph) -> list[RowRule]:
    """The rules of all operators, in the order of the graph."""
    held = set(in_memory(graph))
    return [row_rule(graph, op, held) for op in graph.ops]


def row_rule(graph: Graph, op: Op, held: set[str]) -> RowRule:
    """The rule of one operator; held: activations in memory."""
    count = op.steps(graph)
    reads = []
    for tensor, window in zip(op.activations(graph), op.windows(graph), strict=True):
        if tensor.name not in held:
            continue
        whole = (0, tensor.rows)
        spans = [whole if window is None else window.span(s, tensor.rows) for s in range(count)]
        for step in range(1, count):
            if op.row_copied(graph, step) is not None:
                spans[step] = (spans[step - 1][1], spans[step - 1][1])
        reads.append((tensor.name, tuple(spans)))
    reads += _copied_rows(graph, op)
    writes = tuple(op.rows_written(graph, s) for s in range(count))
    return RowRule(count, op.outputs[0], tuple(reads), writes)


def _copied_rows(graph: Graph, op: Op) -> list[tuple[str, tuple[Span, ...]]]:
    """Rows of its own output that an operator copies, as reads; none, and nothing awaited, at its other steps."""
    rows = [op.row_copied(graph, step) for step in range(op.steps(graph))]
    first = min((row for row in rows if row is not None), default=None)
    if first is None:
        return []
    return [(op.outputs[0], tuple((first, 0) if row is None else (row, row + 1) for row in rows))]


def in_memory(graph: Graph) -> list[str]:
    """Activations that take memory: all but an image of which only rows are pulled."""
    return [
        name
        for name, tensor in graph.tensors.items()
        if tensor.data is None
        and not (name in graph.inputs and all(op.kind == "read_rows" for op in graph.consumers(name)))
    ]
