"""Convolutions to few channels keep sums of output rows instead of the input rows that they are made of."""

from dataclasses import replace

from mcu_vision.ir import Graph, Op
from mcu_vision.ops import Conv2d
from mcu_vision.plan.buffer import aligned


def carry_sums(graph: Graph) -> Graph:
    """`graph` with such convolutions where that takes fewer bytes; `graph` itself if there are none."""
    chosen: dict[int, Op] = {}
    for name in {op.inputs[0] for op in graph.ops if isinstance(op, Conv2d)} - graph.kept - set(graph.inputs):
        chosen |= _carriers(graph, name)
    return replace(graph, ops=[chosen.get(id(op), op) for op in graph.ops]) if chosen else graph


def _carriers(graph: Graph, tensor: str) -> dict[int, Op]:
    """What takes the places of readers of `tensor`, if its rows are kept for these alone and sums are smaller."""
    readers = [op for op in graph.consumers(tensor) if not _reads_single_rows(graph, op, tensor)]
    carriers: dict[int, Op] = {}
    for op in readers:
        if not isinstance(op, Conv2d) or op.winograd or op.step_rows or op.carry or not op.carry_fits(graph):
            return {}
        carriers[id(op)] = replace(op, carry=True)
    sums = sum(op.kernel(graph).state_bytes for op in carriers.values())
    rows = max((graph.tensors[op.inputs[1]].shape[1] for op in readers), default=1) - 1
    return carriers if sums < rows * aligned(graph.tensors[tensor].row_bytes) else {}


def _reads_single_rows(graph: Graph, op: Op, tensor: str) -> bool:
    windows = zip(op.activations(graph), op.windows(graph), strict=True)
    return all(window is not None and window.size == 1 for source, window in windows if source.name == tensor)
