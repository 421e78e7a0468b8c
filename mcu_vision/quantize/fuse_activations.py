"""Move a ReLU or ReLU6 into the operator before it, where it costs nothing."""

from __future__ import annotations

from mcu_vision.ir import Graph, Op
from mcu_vision.ops import Requantize
from mcu_vision.quantize.edit_graph import bypass, only_reader


def fuse_activations(graph: Graph) -> None:
    """Remove each activation whose input nothing else reads and whose producer can clamp."""
    for op in [op for op in graph.ops if isinstance(op, Requantize)]:
        before = graph.producer(op.inputs[0])
        if before is not None and only_reader(graph, op.inputs[0]) is op and hasattr(before, "activation"):
            before.activation = _both(before, op.activation)
            bypass(graph, op)


def _both(before: Op, second: str) -> str:
    """One clamp for two in a row: both start at zero, and ReLU6 is the narrower."""
    names = {getattr(before, "activation"), second}  # noqa: B009 - the caller has checked it
    return next((name for name in ("relu6", "relu") if name in names), "none")
