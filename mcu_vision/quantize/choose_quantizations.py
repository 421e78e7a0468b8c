"""The scale and zero point of every activation."""

from __future__ import annotations

import numpy as np

from mcu_vision.ir import Graph, Op, Quantization
from mcu_vision.ops import (
    AveragePool2d,
    Concat,
    DecodeBoxes,
    Join,
    L2Normalize,
    LogSoftmax,
    Maximum,
    MaxPool2d,
    Minimum,
    NonMaxSuppression,
    Rearrange,
    ResizeBilinear,
    RnnPool,
    Select,
    Softmax,
    Unary,
)
from mcu_vision.quantize.choose_ranges import METHODS, Range, choose_out_bits
from mcu_vision.quantize.histogram import Histogram

INPUT = Quantization((float(np.float32(1 / 255)),), -128)
"""A pixel p is p/255 to the float model and p - 128 to the quantised one, exactly."""

BOXES = (DecodeBoxes, NonMaxSuppression)
SHARING = (AveragePool2d, Concat, Join, Maximum, MaxPool2d, Minimum, Rearrange, ResizeBilinear, Select)
"""Operators that cannot scale: input and output have one quantisation."""
UNIT_RANGES = {"sigmoid": Quantization((1 / 256,), -128), "tanh": Quantization((1 / 128,), 0)}
"""Functions whose range is known; TensorFlow Lite fixes the same scales."""
RNN_POOL_BITS = range(4, 10)
"""States of zeta + nu <= 1 stay within [-1, 1], so that 7 bits hold them; larger gates need fewer."""
L2_BITS = range(7, 10)


def choose_quantizations(graph: Graph, histograms: dict[str, Histogram], method: str) -> dict[str, Quantization]:
    """By tensor name. Sets `out_bits` of the operators whose output scale is a power of two.

    Pooling, concatenation and what moves values share one quantisation between input and output: a fixed one if
    there is one, else the union of their ranges.
    """
    fixed = {graph.inputs[0]: INPUT}
    for op in graph.ops:
        given = _fixed_output(op, histograms, method)
        if given is not None:
            fixed[op.outputs[0]] = given
    result = {}
    for group in _shared_groups(graph):
        given = next((fixed[name] for name in group if name in fixed), None)
        if given is None:
            ranges = [METHODS[method](histograms[name]) for name in group]
            given = affine(_union(ranges))
        result.update(dict.fromkeys(group, given))
    return result


def _fixed_output(op: Op, histograms: dict[str, Histogram], method: str) -> Quantization | None:
    if isinstance(op, Softmax):
        return Quantization((1 / 256,), -128)
    if isinstance(op, LogSoftmax):
        return Quantization((1 / 16,), 127)
    if isinstance(op, Unary):
        return UNIT_RANGES.get(op.function)
    if isinstance(op, BOXES):
        return Quantization((1.0,), 0)
    if isinstance(op, (RnnPool, L2Normalize)):
        candidates = RNN_POOL_BITS if isinstance(op, RnnPool) else L2_BITS
        op.out_bits = choose_out_bits(histograms[op.outputs[0]], method, candidates)
        return Quantization((2.0**-op.out_bits,), 0)
    return None


def _shared_groups(graph: Graph) -> list[list[str]]:
    """Activations, those that must have one quantisation together, in order of first use."""
    group_of = {graph.inputs[0]: [graph.inputs[0]]}
    for op in graph.ops:
        own = [op.outputs[0]]
        group_of[op.outputs[0]] = own
        if isinstance(op, SHARING):
            for name in op.inputs:
                other = group_of[name]
                if other is not own:
                    own.extend(other)
                    group_of.update(dict.fromkeys(other, own))
    return list({id(group): group for group in group_of.values()}.values())


def _union(ranges: list[Range]) -> Range:
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def affine(ends: Range) -> Quantization:
    """int8 quantisation over [low, high], low <= 0 <= high, zero being exact; scale kept as float32."""
    low, high = ends
    if high - low < 1e-30:  # a tensor that is always zero
        high = 1.0
    scale = float(np.float32((high - low) / 255))
    zero_point = int(np.clip(np.round(-128 - low / scale), -128, 127))
    return Quantization((scale,), zero_point)
