"""Operators that write over their input come before the other readers of it."""

from dataclasses import replace

from mcu_vision.ir import Graph


def trunk_first(graph: Graph) -> Graph:
    """The same graph in an order in which, within a stream, side branches read a row before it is overwritten.

    Of all operators that are ready the one farthest down runs, so the last readers of a tensor are the first.
    """
    ops = list(graph.ops)
    for op in graph.ops:
        for name in op.in_place_inputs(graph):
            place = ops.index(op)
            others = [i for i, other in enumerate(ops) if name in other.inputs and other is not op]
            ready = 1 + max((i for i, other in enumerate(ops) if set(other.outputs) & set(op.inputs)), default=-1)
            if others and ready <= min(others) < place:
                ops.insert(min(others), ops.pop(place))
    return replace(graph, ops=ops)
