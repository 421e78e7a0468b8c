"""Operators in an order in which a cut leaves little behind."""

from dataclasses import replace

from mcu_vision.ir import Graph, Op


def order_ops(graph: Graph) -> Graph:
    """The same graph, its operators reordered: each follows what it reads as closely as may be.

    After an operator, the ready reader of its output with the fewest operators after it comes next, so that a
    side branch (a detection head) ends before the trunk goes on, and its maps are not kept for later.
    """
    after = _operators_after(graph)
    left = list(graph.ops)
    ready = set(graph.inputs) | {name for name, tensor in graph.tensors.items() if tensor.data is not None}
    written = dict.fromkeys(ready, -1)
    ordered: list[Op] = []
    while left:
        candidates = [op for op in left if ready.issuperset(op.inputs)]
        best = max(candidates, key=lambda op: (max(written[name] for name in op.inputs), -after[op.name]))
        left.remove(best)
        written |= dict.fromkeys(best.outputs, len(ordered))
        ready |= set(best.outputs)
        ordered.append(best)
    return replace(graph, ops=ordered)


def _operators_after(graph: Graph) -> dict[str, int]:
    """How many operators depend on each one."""
    after: dict[str, set[str]] = {}
    for op in reversed(graph.ops):
        readers = graph.consumers(op.outputs[0])
        after[op.name] = {reader.name for reader in readers}.union(*(after[reader.name] for reader in readers))
    return {name: len(names) for name, names in after.items()}
