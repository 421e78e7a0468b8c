"""Convert a calibrated float graph to int8, with TensorFlow Lite's rules for weights and biases."""

from __future__ import annotations

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, Op, Quantization, Tensor
from mcu_vision.ops import (
    Conv2d,
    DecodeBoxes,
    Dense,
    DepthwiseConv2d,
    GroupNorm,
    Lookup,
    NonMaxSuppression,
    RnnPool,
    Select,
    Unary,
)
from mcu_vision.quantize.convert_rnn_pool import convert_rnn_pool
from mcu_vision.quantize.edit_graph import unique_name

CHANNEL_AXIS: dict[type[Op], int] = {Conv2d: 0, Dense: 0, DepthwiseConv2d: 3}
SUM_LIMIT = 2**29
"""Of a bias and its products; half of what the kernels take, to leave room for rounding."""


def convert(graph: Graph, quantizations: dict[str, Quantization], by_channel: bool = True) -> None:
    """Give activations their quantisation and integers to every constant, in place.

    by_channel: weights of convolutions and dense layers have a scale for each output channel, else one a layer.
    """
    for name, quantization in quantizations.items():
        producer = graph.producer(name)
        boxes = isinstance(producer, (DecodeBoxes, NonMaxSuppression))
        graph.tensors[name].dtype = "int16" if boxes else "int8"
        graph.tensors[name].quantization = quantization
    for op in list(graph.ops):
        if type(op) in CHANNEL_AXIS:
            _convert_layer(graph, op, CHANNEL_AXIS[type(op)], by_channel)
        elif isinstance(op, RnnPool):
            convert_rnn_pool(graph, op)
        elif isinstance(op, GroupNorm):
            op.convert(graph)
        elif isinstance(op, Select):
            op.fill = graph.tensors[op.outputs[0]].quant.zero_point
        elif isinstance(op, Unary):
            _tabulate(graph, op)


def _convert_layer(graph: Graph, op: Op, axis: int, by_channel: bool) -> None:
    """Weights symmetric in [-127, 127], a scale for each output channel or one; bias at the scale of the products."""
    weights, bias = (op.constant(graph, i).astype(np.float64) for i in (1, 2))
    input_scale = graph.tensors[op.inputs[0]].quant.scale
    taps = tuple(i for i in range(weights.ndim) if i != axis)
    # A channel of tiny weights gets a coarser scale than they need, so that its sums fit the accumulator.
    sums = np.abs(bias) / input_scale + 256 * np.abs(weights).sum(taps)
    scales = np.maximum(np.abs(weights).max(taps) / 127, sums / SUM_LIMIT)
    if not by_channel:
        scales = np.full_like(scales, scales.max())
    scales = np.where(scales == 0, 1.0, scales).astype(np.float32).astype(np.float64)
    shape = tuple(-1 if i == axis else 1 for i in range(weights.ndim))
    integers = np.clip(np.round(weights / scales.reshape(shape)), -127, 127)
    products = scales * input_scale
    _store(graph, op.inputs[1], integers.astype(np.int8), scales, axis)
    _store(graph, op.inputs[2], np.round(bias / products).astype(np.int32), products, 0)


def _tabulate(graph: Graph, op: Unary) -> None:
    """Put a table of its 256 results in place of a function."""
    table = op.table(graph.tensors[op.inputs[0]].quant, graph.tensors[op.outputs[0]].quant)
    name = unique_name(graph, f"{op.name}.table")
    graph.tensors[name] = Tensor(name, table.shape, "int8", None, table)
    lookup = Lookup(op.name, (op.inputs[0], name), op.outputs, source=op.source)
    graph.ops[graph.ops.index(op)] = lookup


def _store(graph: Graph, name: str, data: Array, scales: Array, axis: int) -> None:
    quantization = Quantization(tuple(float(s) for s in scales), 0, axis)
    graph.tensors[name] = Tensor(name, data.shape, str(data.dtype), quantization, data)


def check_constants(graph: Graph) -> None:
    """Raise UserError if a weight is not finite."""
    for tensor in graph.tensors.values():
        if tensor.data is not None and not np.isfinite(tensor.data).all():
            raise UserError(f"{tensor.name} holds values that are not finite; train the model again")
