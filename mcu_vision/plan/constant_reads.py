"""How much of their constants kernels read from flash in one inference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch
from math import ceil, prod

import numpy as np

from mcu_vision.ir import Array, Graph, Op
from mcu_vision.ops.conv2d import Conv2d
from mcu_vision.ops.depthwise_conv2d import DepthwiseConv2d
from mcu_vision.ops.expand_depthwise import ExpandDepthwise
from mcu_vision.ops.inverted_bottleneck import InvertedBottleneck
from mcu_vision.ops.lookup import Lookup
from mcu_vision.ops.rnn_pool import RnnPool
from mcu_vision.ops.winograd import TILE_ROWS
from mcu_vision.plan.rnn_work import count_rnn_pool

HEAD_LINES = 3
"""That 32 bytes may touch, which begin anywhere."""
LINE_BYTES, DATA_LINES = 16, 8
"""Of the flash accelerator's data cache (RM0090 section 3.5.2)."""


@dataclass(frozen=True)
class KernelConstant:
    """An array that a kernel's parameters point to. field: of those; key: equal for equal arrays; lines: of flash that
    an inference reads and that the data cache does not hold, estimated.
    """

    field: str
    key: tuple[str, bytes]
    size_bytes: int
    lines: int


def kernel_constants(op: Op, graph: Graph) -> list[KernelConstant]:
    """Those of an operator. Kernels walk through their constants from one end to the other, once for each tile; what
    fits the cache as a whole is missed once a step.
    """
    params = op.kernel(graph).params
    found = {k: (str(v.dtype), v.tobytes()) for k, v in params.items() if isinstance(v, np.ndarray) and v.size}
    sizes = {field: len(values) for field, (_, values) in found.items()}
    stays = sum(sizes.values()) <= DATA_LINES * LINE_BYTES
    return [
        KernelConstant(
            field,
            key,
            sizes[field],
            round(
                (op.steps(graph) if stays else walks(op, graph, field))
                * (ceil(sizes[field] / LINE_BYTES) + _heads_read_twice(params, field, sizes[field]))
            ),
        )
        for field, key in found.items()
    ]


def _heads_read_twice(params: Mapping[str, int | Array], field: str, size_bytes: int) -> int:
    """Lines of a walk through `packed` words where kernels take four channels at a time.

    Of a pointwise convolution the heads of both pairs, 32 bytes each, are read ahead of their weights and, gone from
    the cache, again behind them; of a depthwise one of many rows the end of each channel is read ahead of all four.
    """
    of = field.removesuffix("packed")
    if of == field or size_bytes <= DATA_LINES * LINE_BYTES:
        return 0
    if f"{of}rows" in params:
        return 4 * ceil(int(params[f"{of}in_c"]) / 4)
    if not params.get(f"{of}fours", 0):
        return 0
    fours = int(params[f"{of}out_c"]) // 4
    return 2 * HEAD_LINES * fours if size_bytes > fours * DATA_LINES * LINE_BYTES else 0


@singledispatch
def walks(op: Op, graph: Graph, field: str) -> float:
    """How often the kernels of `op` walk through a constant."""
    return op.steps(graph)


@walks.register
def _(op: Conv2d, graph: Graph, field: str) -> float:
    if op.winograd:
        return op.steps(graph) * ceil(graph.tensors[op.outputs[0]].shape[2] / (2 * TILE_ROWS))
    return op.steps(graph) * (1 if op.step_rows else ceil(op.step_pixels(graph) / op.tile(graph)))


@walks.register
def _(op: DepthwiseConv2d, graph: Graph, field: str) -> float:
    return op.steps(graph) * (1 if op.step_rows else ceil(op.step_pixels(graph) / op.tile(graph)))


@walks.register
def _(op: InvertedBottleneck, graph: Graph, field: str) -> float:
    """The weights that expand once for each row of the window that is not kept."""
    tiles = op.steps(graph) * ceil(graph.tensors[op.outputs[0]].shape[2] / op.tile_pixels)
    return tiles * op.fresh_rows(graph) if field.startswith("expand.") else tiles


@walks.register
def _(op: ExpandDepthwise, graph: Graph, field: str) -> float:
    return op.steps(graph)


@walks.register
def _(op: RnnPool, graph: Graph, field: str) -> float:
    """Matrices are unpacked once a step; gates look into tables."""
    if field in ("sigmoid", "tanh"):
        return _looked_up(count_rnn_pool(op, graph)[0]["gates"], 2 * 513)
    return op.steps(graph)


@walks.register
def _(op: Lookup, graph: Graph, field: str) -> float:
    return _looked_up(prod(graph.tensors[op.outputs[0]].shape), 256)


def _looked_up(values: int, table_bytes: int) -> float:
    """Walks that cost as much as so many values, looked up at any place of a table."""
    lines = ceil(table_bytes / LINE_BYTES)
    return values * max(0.0, 1 - DATA_LINES / lines) / lines
