"""Give concatenations inputs whose quantisation can be chosen freely."""

from __future__ import annotations

from mcu_vision.ir import Graph, Op, Tensor
from mcu_vision.ops import Concat, Join, L2Normalize, LogSoftmax, Maximum, Minimum, Requantize, RnnPool, Softmax, Unary
from mcu_vision.quantize.choose_quantizations import SHARING, UNIT_RANGES
from mcu_vision.quantize.edit_graph import unique_name

FIXED = (L2Normalize, LogSoftmax, RnnPool, Softmax)
JOINING = (Concat, Join, Maximum, Minimum)


def requantize_concat_inputs(graph: Graph) -> None:
    """Put a Requantize before each input, whose scale is fixed by what made it, of an operator that joins several."""
    for op in [op for op in graph.ops if isinstance(op, JOINING)]:
        for name in dict.fromkeys(op.inputs):
            if _is_fixed(graph, name):
                _insert(graph, op, name)


def _is_fixed(graph: Graph, name: str) -> bool:
    before = graph.producer(name)
    if isinstance(before, Unary):
        return before.function in UNIT_RANGES
    if isinstance(before, SHARING) and not isinstance(before, JOINING):
        return _is_fixed(graph, before.inputs[0])
    return before is None or isinstance(before, FIXED)


def _insert(graph: Graph, reader: Op, name: str) -> None:
    new = unique_name(graph, f"{reader.name}.{name}")
    graph.tensors[new] = Tensor(new, graph.tensors[name].shape)
    graph.ops.insert(graph.ops.index(reader), Requantize(new, (name,), (new,), source=reader.source))
    reader.inputs = tuple(new if n == name else n for n in reader.inputs)
