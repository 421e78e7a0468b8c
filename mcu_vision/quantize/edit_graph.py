"""Small changes to a graph that several passes make."""

from __future__ import annotations

import numpy as np

from mcu_vision.ir import Array, Graph, Op, Tensor


def set_constant(graph: Graph, op: Op, index: int, data: Array) -> None:
    """Replace the constant input `index` of `op` by float32 data, for this operator alone."""
    name = op.inputs[index]
    others = sum(o.inputs.count(name) for o in graph.ops)
    if others > 1:
        name = unique_name(graph, f"{name}.{op.name}")
    array = np.ascontiguousarray(data, np.float32)
    graph.tensors[name] = Tensor(name, array.shape, data=array)
    op.inputs = (*op.inputs[:index], name, *op.inputs[index + 1 :])


def unique_name(graph: Graph, name: str) -> str:
    """`name`, or with a number behind it if the graph has it."""
    candidate, count = name, 1
    while candidate in graph.tensors:
        count += 1
        candidate = f"{name}_{count}"
    return candidate


def bypass(graph: Graph, op: Op) -> None:
    """Remove `op`; its readers read its first input instead."""
    before, after = op.inputs[0], op.outputs[0]
    graph.ops.remove(op)
    for reader in graph.consumers(after):
        reader.inputs = tuple(before if n == after else n for n in reader.inputs)
    graph.outputs = tuple(before if n == after else n for n in graph.outputs)
    drop_unused_tensors(graph)


def drop_unused_tensors(graph: Graph) -> None:
    """Forget tensors that no operator names."""
    used = {*graph.inputs, *graph.outputs}
    for op in graph.ops:
        used.update(op.inputs, op.outputs)
    graph.tensors = {name: t for name, t in graph.tensors.items() if name in used}


def only_reader(graph: Graph, tensor: str) -> Op | None:
    """The operator that alone reads `tensor`, if it is no output."""
    readers = graph.consumers(tensor)
    return readers[0] if len(readers) == 1 and tensor not in graph.outputs else None
