"""The work of kernels that go through values four at a time, or by one of several rules: features of the cost model."""

from collections import Counter
from math import prod

import numpy as np

from mcu_vision.ir import Graph, Op
from mcu_vision.ops import L2Normalize, Mean, Requantize
from mcu_vision.ops.pool2d import AveragePool2d, MaxPool2d
from mcu_vision.ops.scaled_sum import ScaledSum


def element_work(op: Op, graph: Graph) -> Counter[str]:
    """What `op` does beside what every operator counts."""
    if graph.tensors[op.outputs[0]].dtype != "int8":
        return Counter()
    if isinstance(op, (AveragePool2d, MaxPool2d)):
        return _pool(op, graph)
    if isinstance(op, (Mean, L2Normalize)):
        x = graph.tensors[op.inputs[0]]
        fours, rest = divmod(x.shape[-1], 4)
        rows, pixels = x.rows, prod(x.shape) // x.shape[-1]
        return Counter(fours=pixels * fours, rest=pixels * rest, groups=rows * fours, rest_groups=rows * rest)
    if isinstance(op, (Requantize, ScaledSum)):
        return _scaled(op, graph)
    return Counter()


def _pool(op: AveragePool2d | MaxPool2d, graph: Graph) -> Counter[str]:
    """Cells, and rows of windows: of four channels, and of those that are left."""
    shape = graph.tensors[op.outputs[0]].shape
    fours, rest = divmod(shape[3], 4)
    pixels, (kernel_h, kernel_w) = prod(shape[:3]), op.size
    rows = pixels * kernel_h
    counts = Counter(fours=pixels * fours, four_rows=rows * fours, four_cells=rows * kernel_w * fours)
    return counts + Counter(rest=pixels * rest, rest_rows=rows * rest, rest_cells=rows * kernel_w * rest)


def _scaled(op: Requantize | ScaledSum, graph: Graph) -> Counter[str]:
    """Fours of values of each row and what is left, by the longer rules too (mcu_vision/ops/short_sum.py), clamps."""
    params, out = op.kernel(graph).params, graph.tensors[op.outputs[0]]
    fours, rest = divmod(out.row_elements, 4)
    counts = Counter(fours=out.rows * fours, rest=out.rows * rest, part_rows=out.rows * bool(rest))
    if params["out_min"] > -128 or params["out_max"] < 127:
        counts += Counter(clamped_fours=out.rows * fours, clamped_rest=out.rows * rest)
    if not np.any(params["short_sum.a_factor"]):
        return counts + Counter(exact=prod(out.shape))
    return counts + (Counter(ties=prod(out.shape)) if np.any(params["short_sum.half"]) else Counter())
