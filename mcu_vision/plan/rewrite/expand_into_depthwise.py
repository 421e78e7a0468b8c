"""1x1 convolutions that run as one operator with the depthwise convolution behind them."""

from __future__ import annotations

from dataclasses import replace

from mcu_vision.errors import UserError
from mcu_vision.ir import Graph, Op
from mcu_vision.ops import Conv2d, DepthwiseConv2d, ExpandDepthwise
from mcu_vision.ops.common import even
from mcu_vision.plan.cost import estimate_cycles

MOST_SCRATCH = 64_000
"""Bytes: with more, little more is shared."""
WORTH = 0.98
"""Of the time of both operators apart: at most so much is worth while, with the flash's wait states and without."""


def expand_into_depthwise(graph: Graph) -> Graph:
    """`graph` with such pairs joined wherever that is estimated to be faster; itself if that is nowhere.

    Tensors between the two are no longer there.
    """
    result = graph
    for op in graph.ops:
        joined = _joined(graph, op)
        if joined is not None:
            result = replace_pair(result, op, joined)
    return result


def replace_pair(graph: Graph, depthwise: Op, joined: ExpandDepthwise) -> Graph:
    """`graph` with `joined` in the place of `depthwise` and what it reads."""
    expand = graph.producer(depthwise.inputs[0])
    ops = [joined if op is depthwise else op for op in graph.ops if op is not expand]
    tensors = {name: tensor for name, tensor in graph.tensors.items() if name != depthwise.inputs[0]}
    return replace(graph, ops=ops, tensors=tensors)


def join_pair(graph: Graph, op: Op) -> ExpandDepthwise | None:
    """`op`, a depthwise convolution, and the 1x1 convolution before it, two rows a step; None if they cannot."""
    expand = graph.producer(op.inputs[0])
    if not isinstance(op, DepthwiseConv2d) or not isinstance(expand, Conv2d) or op.dilation != (1, 1):
        return None
    if len(graph.consumers(op.inputs[0])) > 1 or op.inputs[0] in graph.outputs or not expand.is_pointwise(graph):
        return None
    hidden = graph.tensors[op.inputs[0]].quant
    joined = ExpandDepthwise(
        op.name,
        (expand.inputs[0], *expand.inputs[1:], *op.inputs[1:]),
        op.outputs,
        stage_activations=(expand.activation, op.activation),
        quantizations=((hidden.scale, hidden.zero_point),),
        stride=op.stride,
        padding=op.padding,
        source=op.source,
    )
    try:
        joined.infer_shape([graph.tensors[name] for name in joined.inputs])
    except UserError:
        return None
    return joined if joined.rows_fit(graph) else None


def _joined(graph: Graph, op: Op) -> ExpandDepthwise | None:
    """The pair, if it is faster than both as they are."""
    joined = join_pair(graph, op)
    if joined is None or graph.tensors[op.outputs[0]].rows == 1:
        return None
    rows = even(graph.tensors[op.outputs[0]].rows)
    most = max((n for n in range(2, rows + 1, 2) if joined.rows_scratch(graph, n) <= MOST_SCRATCH), default=2)
    joined = replace(joined, step_rows=even(-(-rows // -(-rows // most))))
    expand = graph.producer(op.inputs[0])
    assert isinstance(expand, Conv2d)
    tiled = replace(expand, tile_pixels=expand.step_pixels(graph))
    for flash in (False, True):
        apart = estimate_cycles(graph, tiled, flash=flash) + estimate_cycles(graph, op, flash=flash)
        if estimate_cycles(graph, joined, flash=flash) > WORTH * apart:
            return None
    return joined
