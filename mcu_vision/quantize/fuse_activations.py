"""Move a ReLU, a ReLU6 or a clamp to [-1, 1] into the operator before it, where it costs nothing."""

from __future__ import annotations

from mcu_vision.ir import Graph
from mcu_vision.ops import Requantize
from mcu_vision.quantize.edit_graph import bypass, only_reader


def fuse_activations(graph: Graph) -> None:
    """Remove each activation whose input nothing else reads and whose producer can clamp."""
    for op in [op for op in graph.ops if isinstance(op, Requantize)]:
        before = graph.producer(op.inputs[0])
        if before is not None and only_reader(graph, op.inputs[0]) is op and hasattr(before, "activation"):
            both = _both(before.activation, op.activation)
            if both is not None:
                before.activation = both
                bypass(graph, op)


def _both(first: str, second: str) -> str | None:
    """One clamp for two in a row, if there is one: ReLU and ReLU6 start at zero, and ReLU6 is the narrower."""
    names = {first, second} - {"none"}
    if len(names) < 2:
        return names.pop() if names else "none"
    return "relu6" if names == {"relu", "relu6"} else None
