"""RNNPool's second cell with its units in the order in which sparse code needs the fewest products."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcu_vision.int8 import IntArray
from mcu_vision.ir import Array, Graph, Op, Tensor
from mcu_vision.ops import Conv2d, RnnPool
from mcu_vision.ops.pair_units import pair_units

DIRECTIONS = 4
"""Last states of which an RNNPool's output is made."""


def order_pool_units(graph: Graph) -> Graph:
    """The same function, or `graph` itself if nothing changes: where convolutions alone read an RNNPool, its units
    are put into the order of `pair_units`, and the channels of their weights with them."""
    result = replace(graph, tensors=dict(graph.tensors))
    changed: dict[str, Op] = {}
    for op in graph.ops:
        order = _unit_order(graph, op)
        if order is None:
            continue
        w, u, bias_z, bias_h = (op.constant(graph, index) for index in range(5, 9))
        ordered = dict(enumerate((w[order], u[order][:, order], bias_z[order], bias_h[order]), 5))
        changed[op.name] = _with_constants(graph, result, op, ordered)
        channels = (np.arange(DIRECTIONS)[:, None] * len(order) + order).reshape(-1)
        for reader in graph.consumers(op.outputs[0]):
            weights = reader.constant(graph, 1)[..., channels]
            changed[reader.name] = _with_constants(graph, result, reader, {1: weights})
    if not changed:
        return graph
    result.ops = [changed.get(op.name, op) for op in graph.ops]
    result.verify()
    return result


def _unit_order(graph: Graph, op: Op) -> IntArray | None:
    """The order of the second cell's units; None if they stay as they are."""
    if type(op) is not RnnPool or op.outputs[0] in graph.outputs:
        return None
    if not all(type(reader) is Conv2d for reader in graph.consumers(op.outputs[0])):
        return None
    order = pair_units([op.constant(graph, 6)])
    return None if (order == np.arange(len(order))).all() else order


def _with_constants(graph: Graph, result: Graph, op: Op, data: dict[int, Array]) -> Op:
    """`op` with other constants, by the number of the input, which go into `result`."""
    names = list(op.inputs)
    for index, values in data.items():
        tensor = graph.tensors[names[index]]
        shared = len(graph.consumers(tensor.name)) > 1
        name = f"{tensor.name}.{op.name}" if shared else tensor.name
        values = np.ascontiguousarray(values)
        result.tensors[name] = Tensor(name, values.shape, tensor.dtype, tensor.quantization, values)
        names[index] = name
    return replace(op, inputs=tuple(names))
