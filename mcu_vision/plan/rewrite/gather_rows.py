"""Convolutions make many rows in one step, which then share work: on weights, or on what they read."""

from dataclasses import replace

from mcu_vision.ir import Graph, Op
from mcu_vision.ops import Conv2d, DepthwiseConv2d
from mcu_vision.ops.common import even
from mcu_vision.plan.cost import estimate_cycles

SMALL_PIXELS, MEDIUM_PIXELS, LARGE_PIXELS = 144, 512, 4096
"""Of maps whose rows are too short to pay for the work on the weights; of those that need little memory whole; of
maps where that work still shows."""
MOST_SCRATCH = 12_800
"""Bytes of a convolution: with more, little more is shared."""


def gather_rows(graph: Graph, most_pixels: int = SMALL_PIXELS) -> Graph:
    """`graph` with pointwise convolutions of up to `most_pixels` whole and others of many rows a step.

    `graph` itself if there are none.
    """
    ops = [_gathered(graph, op, most_pixels) for op in graph.ops]
    return replace(graph, ops=ops) if any(a is not b for a, b in zip(ops, graph.ops, strict=True)) else graph


def _gathered(graph: Graph, op: Op, most_pixels: int) -> Op:
    """`op`, or as it gathers rows, if that is estimated to be faster."""
    out = graph.tensors[op.outputs[0]]
    if out.rows == 1:
        return op
    if isinstance(op, Conv2d) and not op.whole and op.is_pointwise(graph) and out.rows * out.shape[2] <= most_pixels:
        return replace(op, whole=True)
    if isinstance(op, (Conv2d, DepthwiseConv2d)) and not op.step_rows and op.rows_fit(graph):
        changed = replace(op, step_rows=_step_rows(graph, op))
        return changed if estimate_cycles(graph, changed) < estimate_cycles(graph, op) else op
    return op


def _step_rows(graph: Graph, op: Conv2d | DepthwiseConv2d) -> int:
    """As many as there are, or as scratch allows; where several steps are needed about as many in each."""
    rows = even(graph.tensors[op.outputs[0]].rows)
    most = max((n for n in range(2, rows + 1, 2) if op.rows_scratch(graph, n) <= MOST_SCRATCH), default=2)
    return even(-(-rows // -(-rows // most)))
