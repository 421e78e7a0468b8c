"""Layers by which kernels are compared, each a graph of its own with random weights of realistic scales."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mcu_vision import ops
from mcu_vision.ir import Graph, Op, Quantization, Tensor
from mcu_vision.ops.rnn_pool import CellFormat

RELU6 = Quantization((6 / 255,), -128)
LINEAR = Quantization((0.05,), 3)
SPREAD = 44.0
"""Accumulators of random data, over the square root of their number of products, fill int8 if divided by this."""


@dataclass(frozen=True)
class Layer:
    """make: the graph, whose last operator is measured, or of it the calls of `functions`, with `macs`. goal, aim:
    most instructions a multiply-accumulate, or an output where nothing is multiplied; cycles: the same of cycles with
    the flash model, or None."""

    name: str
    make: Callable[[], Graph]
    goal: float | None = None
    aim: float | None = None
    cycles: tuple[float, float] | None = None
    functions: tuple[str, ...] = ()
    macs: int = 0


def _graph(op: Op, inputs: list[Tensor], constants: list[Tensor], out: Quantization) -> Graph:
    op.inputs, op.outputs = tuple(t.name for t in [*inputs, *constants]), ("out",)
    shape = op.infer_shape([*inputs, *constants])
    tensors = [*inputs, *constants, Tensor("out", shape, "int8", out)]
    graph = Graph("layer", {t.name: t for t in tensors}, [op], tuple(t.name for t in inputs), ("out",))
    graph.verify()
    return graph


def _image(height: int, width: int, channels: int, quantization: Quantization = RELU6) -> Tensor:
    return Tensor("image", (1, height, width, channels), "int8", quantization)


def _constants(shape: tuple[int, ...], axis: int, source: Quantization, out: Quantization, name: str) -> list[Tensor]:
    """Weights and bias of `shape[axis]` channels."""
    random = np.random.default_rng(0)
    channels = shape[axis]
    taps = int(np.prod(shape)) // channels
    gain = out.scale / source.scale / (SPREAD * taps**0.5)
    scales = tuple(float(s) for s in (gain * random.uniform(0.6, 1.4, channels)).astype(np.float32))
    weights = np.clip(np.round(random.normal(0, 42, shape)), -127, 127).astype(np.int8)
    bias = random.integers(-2000, 2000, channels).astype(np.int32)
    return [
        Tensor(f"{name}weights", shape, "int8", Quantization(scales, 0, axis), weights),
        Tensor(f"{name}bias", (channels,), "int32", Quantization(scales, 0, 0), bias),
    ]


def conv(
    height: int, width: int, in_c: int, out_c: int, kernel: int = 3, stride: int = 1, linear: bool = False
) -> Graph:
    """A convolution, padded to the input's size, with ReLU6 or none."""
    out = LINEAR if linear else RELU6
    op = ops.Conv2d("layer", (), (), (stride,) * 2, (1, 1), (kernel // 2,) * 4, "none" if linear else "relu6")
    return _graph(op, [_image(height, width, in_c)], _constants((out_c, kernel, kernel, in_c), 0, RELU6, out, ""), out)


def depthwise(height: int, width: int, channels: int, stride: int = 1) -> Graph:
    """3x3 with ReLU6."""
    op = ops.DepthwiseConv2d("layer", (), (), (stride,) * 2, (1, 1), (1,) * 4, "relu6")
    return _graph(op, [_image(height, width, channels)], _constants((1, 3, 3, channels), 3, RELU6, RELU6, ""), RELU6)


def bottleneck(height: int, width: int, channels: int, hidden: int, stride: int = 1) -> Graph:
    """An inverted bottleneck, with the addition of its input unless it has a stride, as one operator."""
    constants = [
        *_constants((hidden, 1, 1, channels), 0, LINEAR, RELU6, "expand."),
        *_constants((1, 3, 3, hidden), 3, RELU6, RELU6, "depthwise."),
        *_constants((channels, 1, 1, hidden), 0, RELU6, LINEAR, "project."),
    ]
    stages = ("expand", "depthwise", "project", "add") if stride == 1 else ("expand", "depthwise", "project")
    activations = ("relu6", "relu6", "none", "none")[: len(stages)]
    op = ops.InvertedBottleneck("layer", (), (), stages, activations, stride=(stride,) * 2, tile_pixels=24)
    hidden_scales = ((RELU6.scale, -128), (RELU6.scale, -128), (LINEAR.scale, LINEAR.zero_point))
    op.quantizations = hidden_scales[: len(stages) - 1]
    return _graph(op, [_image(height, width, channels, LINEAR)], constants, LINEAR)


def bottleneck_parts(height: int, width: int, channels: int, hidden: int, stride: int = 1) -> Graph:
    """The same as operators of their own, of which the planner joins what it will."""
    graph = bottleneck(height, width, channels, hidden, stride)
    (block,) = graph.ops
    assert isinstance(block, ops.InvertedBottleneck)
    parts = block.part_graph(graph)
    tensors = {name: tensor for name, tensor in parts.tensors.items() if not name.endswith(".residual")}
    for part in parts.ops:
        part.inputs = tuple("image" if name.endswith(".residual") else name for name in part.inputs)
    whole = Graph("layer", tensors, parts.ops, graph.inputs, graph.outputs)
    whole.verify()
    return whole


def rnn_pool(height: int, width: int, channels: int, hidden: int, patch: int = 8, stride: int = 4) -> Graph:
    """RNNPool with piecewise-linear gates."""
    random = np.random.default_rng(0)
    constants = []
    for index, inputs in enumerate((channels, hidden), 1):
        for key, shape in {
            "w": (hidden, inputs),
            "u": (hidden, hidden),
            "bias_z": (hidden,),
            "bias_h": (hidden,),
        }.items():
            values = random.integers(-2000, 2001, shape).astype(np.int16)
            constants.append(Tensor(f"{key}{index}", shape, "int16", None, values))
    op = ops.RnnPool("layer", (), (), (patch, patch), stride)
    op.formats = (CellFormat(21, 14, 12, 1 << 14, 0), CellFormat(28, 14, 12, 1 << 14, 0))
    return _graph(op, [_image(height, width, channels)], constants, Quantization((1 / 128,), 0))


def add(height: int, width: int, channels: int) -> Graph:
    """The sum of a map and its requantised self."""
    image, other, out = _image(height, width, channels, LINEAR), Quantization((0.07,), -5), Quantization((0.09,), 1)
    graph = _graph(ops.Requantize("other", (), ()), [image], [], other)
    op = ops.Add("layer", ("image", "out"), ("sum",))
    graph.tensors["sum"] = Tensor("sum", image.shape, "int8", out)
    graph.ops.append(op)
    graph.outputs = ("sum",)
    graph.verify()
    return graph


def dense(inputs: int, outputs: int) -> Graph:
    """A layer of an autoencoder."""
    op = ops.Dense("layer", (), (), "relu")
    return _graph(op, [_image(1, 1, inputs)], _constants((outputs, inputs), 0, RELU6, RELU6, ""), RELU6)


LAYERS = (
    Layer("pointwise 64->64, 25x25", lambda: conv(25, 25, 64, 64, 1), 0.80, 0.70, (1.40, 1.15)),
    Layer("pointwise 128->128, 6x6", lambda: conv(6, 6, 128, 128, 1)),
    Layer("pointwise 256->256, 3x3", lambda: conv(3, 3, 256, 256, 1)),
    Layer("pointwise 32->64, 48x48", lambda: conv(48, 48, 32, 64, 1)),
    Layer("pointwise 16->32, 48x48", lambda: conv(48, 48, 16, 32, 1)),
    Layer("depthwise 3x3, 48x48x16", lambda: depthwise(48, 48, 16)),
    Layer("depthwise 3x3 s2, 48x48x16", lambda: depthwise(48, 48, 16, 2)),
    Layer("bottleneck 32->64->32, 30x40", lambda: bottleneck(30, 40, 32, 64)),
    Layer(
        "depthwise in bottleneck 32->64->32",
        lambda: bottleneck_parts(30, 40, 32, 64),
        1.35,
        1.15,
        functions=("restore_words", "filter_channels"),
        macs=30 * 40 * 64 * 9,
    ),
    Layer(
        "depthwise s2 in bottleneck 32->64->32",
        lambda: bottleneck_parts(30, 40, 32, 64, 2),
        1.45,
        1.3,
        functions=("restore_words", "filter_channels"),
        macs=15 * 20 * 64 * 9,
    ),
    Layer("conv 3x3 16->16, 32x32", lambda: conv(32, 32, 16, 16), 0.50, 0.38),
    Layer("conv 3x3 32->32, 32x32", lambda: conv(32, 32, 32, 32), 0.35, 0.27),
    Layer("conv 3x3 64->64, 24x24", lambda: conv(24, 24, 64, 64), 0.27, 0.22),
    Layer("conv 3x3 16->32 s2, 32x32", lambda: conv(32, 32, 16, 32, 3, 2)),
    Layer("conv 3x3 32->64 s2, 16x16", lambda: conv(16, 16, 32, 64, 3, 2)),
    Layer("conv 3x3 32->8, 30x40", lambda: conv(30, 40, 32, 8, linear=True)),
    Layer("conv 3x3 64->6, 15x20", lambda: conv(15, 20, 64, 6, linear=True)),
    Layer("conv 3x3 1->4 s2, 240x320", lambda: conv(240, 320, 1, 4, 3, 2)),
    Layer("conv 3x3 3->8 s2, 224x224", lambda: conv(224, 224, 3, 8, 3, 2)),
    Layer("RNNPool 4->16->16, 120x160", lambda: rnn_pool(120, 160, 4, 16)),
    Layer("RNNPool 4->8->8, 120x160", lambda: rnn_pool(120, 160, 4, 8)),
    Layer("add, 30x40x32", lambda: add(30, 40, 32)),
    Layer("dense 640->128", lambda: dense(640, 128)),
)
