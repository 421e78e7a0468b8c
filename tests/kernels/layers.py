"""Layers of RNNPool-Face-M4 by which kernels are measured: one output row each."""

from dataclasses import replace
from typing import Any

import numpy as np
from driver import input_arguments, random_input
from one_op import activation, one_op

from mcu_vision import ops
from mcu_vision.ir import Graph, Op, Quantization, Tensor
from mcu_vision.ops.rnn_pool import CellFormat

RELU6_SCALE = 6 / 255
RANDOM = np.random.default_rng(1)


def constant(name: str, shape: tuple[int, ...], dtype: str, limit: int, axis: int | None = None) -> Tensor:
    data = RANDOM.integers(-limit, limit + 1, shape).astype(dtype)
    channels = 1 if axis is None else shape[axis]
    return Tensor(name, shape, dtype, Quantization((0.002,) * channels, 0, axis), data)


def convolution(op: Op, shape: tuple[int, ...], weights: tuple[int, ...], axis: int) -> Graph:
    constants = {"w": constant("w", weights, "int8", 127, axis), "b": constant("b", (weights[axis],), "int32", 999, 0)}
    x, out = activation("x", shape, -128, RELU6_SCALE), activation("out", (), -128, RELU6_SCALE)
    return one_op(op, [x], constants, out)


def conv(w: int, in_c: int, out_c: int, kernel: int = 3, stride: int = 1) -> Graph:
    pad = (kernel // 2,) * 4
    op = ops.Conv2d("conv", (), (), (stride, stride), (1, 1), pad, "relu6")
    return convolution(op, (1, 8, w, in_c), (out_c, kernel, kernel, in_c), 0)


def winograd(w: int, in_c: int, out_c: int) -> Graph:
    graph = conv(w, in_c, out_c)
    graph.ops[0] = replace(graph.ops[0], winograd=True)  # type: ignore[call-arg]
    return graph


def conv_carry(w: int, in_c: int, out_c: int, tile: int) -> Graph:
    graph = conv(w, in_c, out_c)
    graph.ops[0] = replace(graph.ops[0], carry=True, tile_pixels=tile)  # type: ignore[call-arg]
    return graph


def depthwise(w: int, channels: int, stride: int = 1) -> Graph:
    op = ops.DepthwiseConv2d("depthwise", (), (), (stride, stride), (1, 1), (1,) * 4, "relu6")
    return convolution(op, (1, 8, w, channels), (1, 3, 3, channels), 3)


def bottleneck(w: int, channels: int, hidden: int, tile: int, recompute: bool = False) -> Graph:
    """3x3 with the addition of its input."""
    shapes = {"expand": (hidden, 1, 1, channels), "depthwise": (1, 3, 3, hidden), "project": (channels, 1, 1, hidden)}
    constants: dict[str, Tensor] = {}
    for stage, shape in shapes.items():
        axis = 3 if stage == "depthwise" else 0
        constants[f"{stage}.w"] = constant(f"{stage}.w", shape, "int8", 127, axis)
        constants[f"{stage}.b"] = constant(f"{stage}.b", (shape[axis],), "int32", 999, 0)
    op = ops.InvertedBottleneck("block", (), (), tile_pixels=tile, recompute=recompute)
    op.quantizations = ((RELU6_SCALE, -128), (RELU6_SCALE, -128), (0.1, 3))
    return one_op(op, [activation("x", (1, 8, w, channels), -5, 0.1)], constants, activation("out", (), -5, 0.1))


def expand_depthwise(w: int, channels: int, hidden: int, stride: int = 1) -> Graph:
    """Steps of four rows."""
    constants: dict[str, Tensor] = {}
    for stage, shape in {"expand": (hidden, 1, 1, channels), "depthwise": (1, 3, 3, hidden)}.items():
        axis = 3 if stage == "depthwise" else 0
        constants[f"{stage}.w"] = constant(f"{stage}.w", shape, "int8", 127, axis)
        constants[f"{stage}.b"] = constant(f"{stage}.b", (shape[axis],), "int32", 999, 0)
    op = ops.ExpandDepthwise("pair", (), (), stride=(stride, stride), padding=(1,) * 4, step_rows=4)
    op.quantizations = ((RELU6_SCALE, -128),)
    rows = 8 * stride
    x, out = activation("x", (1, rows, w, channels), -5, 0.1), activation("out", (), -128, RELU6_SCALE)
    return one_op(op, [x], constants, out)


def rnn_pool(w: int, k: int, h1: int, h2: int, patch: int = 8, stride: int = 4) -> Graph:
    constants: dict[str, Tensor] = {}
    for index, (inputs, hidden) in enumerate(((k, h1), (h1, h2)), 1):
        shapes = {"w": (hidden, inputs), "u": (hidden, hidden), "bias_z": (hidden,), "bias_h": (hidden,)}
        for key, shape in shapes.items():
            constants[f"{key}{index}"] = constant(f"{key}{index}", shape, "int16", 2000)
    op = ops.RnnPool("pool", (), (), (patch, patch), stride)
    op.formats = (CellFormat(21, 14, 12, 1 << 14, 0), CellFormat(28, 14, 12, 1 << 14, 0))
    return one_op(op, [activation("x", (1, patch + stride, w, k), -128)], constants, activation("out", ()))


def add(w: int, channels: int) -> Graph:
    tensors = [activation(n, (1, 2, w, channels), 3, 0.1) for n in ("a", "b")]
    return one_op(ops.Add("add", (), ()), tensors, {}, activation("out", (), -5, 0.1))


def dense(inputs: int, outputs: int) -> Graph:
    return convolution(ops.Dense("dense", (), ()), (1, inputs), (outputs, inputs), 0)


def pool(kind: Any, w: int, channels: int) -> Graph:
    return one_op(kind("pool", (), ()), [activation("x", (1, 4, w, channels))], {}, activation("out", ()))


def simple(kind: Any, w: int, channels: int) -> Graph:
    x, out = activation("x", (1, 4, w, channels), 3, 0.1), activation("out", (), 0, 1 / 128)
    return one_op(kind("simple", (), ()), [x], {}, out)


def count_row(target: Any, graph: Graph) -> tuple[int, int]:
    """Instructions of the second output row, and its multiply-accumulates (outputs, if it has none)."""
    op = graph.ops[0]
    step = min(1, op.steps(graph) - 1)
    call = op.kernel(graph)
    inputs = [random_input(t, RANDOM) for t in op.activations(graph)]
    out = graph.tensors[op.outputs[0]]
    rows = [np.zeros(out.row_elements, out.dtype) for _ in range(call.output_rows)]
    arguments = [*input_arguments(graph, op, call, inputs, step), rows if call.output_rows > 1 else rows[0]]
    for size in (call.scratch_bytes, call.state_bytes):
        arguments += [np.zeros(-(-size // 4), np.int32)] if size else []
    arguments += [0] if call.passes_state and not call.state_bytes else []
    arguments += [step] if call.passes_step else []
    instructions = target.instructions(call.function, call.struct, call.params, *arguments)
    return instructions, op.macs(graph) // op.steps(graph) or out.row_elements


LAYERS = {
    "pointwise 64->128, 40": lambda: conv(40, 64, 128, 1),
    "pointwise 64->64, 25": lambda: conv(25, 64, 64, 1),
    "pointwise 128->64, 20": lambda: conv(20, 128, 64, 1),
    "pointwise 16->96, 40": lambda: conv(40, 16, 96, 1),
    "depthwise 128, 40": lambda: depthwise(40, 128),
    "depthwise 128 s2, 40": lambda: depthwise(40, 128, 2),
    "conv 1->4 s2, 320": lambda: conv(320, 1, 4, 3, 2),
    "conv 3->4 s2, 640": lambda: conv(640, 3, 4, 3, 2),
    "conv 32->8, 40": lambda: conv(40, 32, 8),
    "conv 64->6, 20": lambda: conv(20, 64, 6),
    "conv 3->16, 32": lambda: conv(32, 3, 16),
    "conv 16->32 s2, 32": lambda: conv(32, 16, 32, 3, 2),
    "conv 32->64 s2, 16": lambda: conv(16, 32, 64, 3, 2),
    "winograd 16->16, 32": lambda: winograd(32, 16, 16),
    "winograd 32->32, 16": lambda: winograd(16, 32, 32),
    "winograd 64->64, 8": lambda: winograd(8, 64, 64),
    "winograd 32->8, 40": lambda: winograd(40, 32, 8),
    "winograd 64->6, 20": lambda: winograd(20, 64, 6),
    "conv 32->8, 40, carry, tile 8": lambda: conv_carry(40, 32, 8, 8),
    "conv 32->4, 40, carry": lambda: conv_carry(40, 32, 4, 40),
    "conv 64->6, 20, carry": lambda: conv_carry(20, 64, 6, 20),
    "dense 640->128": lambda: dense(640, 128),
    "max pool 2x2 16, 32": lambda: pool(ops.MaxPool2d, 32, 16),
    "average pool 2x2 16, 32": lambda: pool(ops.AveragePool2d, 32, 16),
    "mean 64, 25": lambda: simple(ops.Mean, 25, 64),
    "l2 32, 40": lambda: simple(ops.L2Normalize, 40, 32),
    "softmax 12": lambda: simple(ops.Softmax, 1, 12),
    "pointwise 32->64, 40": lambda: conv(40, 32, 64, 1),
    "depthwise 64, 40": lambda: depthwise(40, 64),
    "pointwise 64->32, 40": lambda: conv(40, 64, 32, 1),
    "bottleneck 32->64, 40, tile 24": lambda: bottleneck(40, 32, 64, 24),
    "bottleneck 32->64, 40, tile 8": lambda: bottleneck(40, 32, 64, 8),
    "bottleneck 32->64, 40, tile 4": lambda: bottleneck(40, 32, 64, 4),
    "bottleneck 32->64, 40, tile 8, again": lambda: bottleneck(40, 32, 64, 8, recompute=True),
    "bottleneck 32->64, 40, tile 4, again": lambda: bottleneck(40, 32, 64, 4, recompute=True),
    "expand 32->64, depthwise, 40": lambda: expand_depthwise(40, 32, 64),
    "expand 32->64, depthwise s2, 40": lambda: expand_depthwise(40, 32, 64, 2),
    "rnn_pool 4->16->16, 160": lambda: rnn_pool(160, 4, 16, 16),
    "rnn_pool 4->8->8, 320": lambda: rnn_pool(320, 4, 8, 8),
    "rnn_pool 3->6->6, 320": lambda: rnn_pool(320, 3, 6, 6),
    "rnn_pool 3->16->16, 160": lambda: rnn_pool(160, 3, 16, 16),
    "rnn_pool 8->8->8, 112": lambda: rnn_pool(112, 8, 8, 8, 6),
    "rnn_pool 32->16->16, 40": lambda: rnn_pool(40, 32, 16, 16),
    "rnn_pool 4->12->12, 160": lambda: rnn_pool(160, 4, 12, 12),
    "add 32, 40": lambda: add(40, 32),
}
