"""Pooling, means, resizing, and where the largest value is."""

from math import prod

import numpy as np

from mcu_vision.frontends.tflite.builder import (
    Activation,
    GraphBuilder,
    check,
    fused_activation,
    tensor_quantization,
)
from mcu_vision.frontends.tflite.layers import image, window_padding
from mcu_vision.frontends.tflite.movement import one_axis, permute
from mcu_vision.frontends.tflite.registry import imports
from mcu_vision.ir import Quantization
from mcu_vision.ops import ArgMax, ArgMin, AveragePool2d, MaxPool2d, Mean, ResizeBilinear, Sum

MAX_WINDOW = 127
"""Cells of a pooling window along one axis: kernels count them in int8."""


@imports(
    AVERAGE_POOL_2D="kernel; one scale for input and output",
    MAX_POOL_2D="kernel; one scale",
)
def import_pool(builder: GraphBuilder) -> None:
    x, operator = image(builder), builder.operator
    out = builder.result()
    stride = operator.integer(2), operator.integer(1)
    size = operator.integer(4), operator.integer(3)
    padding = window_padding(operator.integer(0, 0, "i1"), (x.shape[1], x.shape[2]), size, stride, (1, 1))
    check(x.quant == tensor_quantization(out), "whose input and output differ in scale or zero point")
    kind = AveragePool2d if operator.kind == "AVERAGE_POOL_2D" else MaxPool2d
    activation = fused_activation(operator, 5)
    builder.finish(
        builder.emit(kind, [x], out.shape, x.quant, size=size, stride=stride, padding=padding, activation=activation)
    )


def _reduced(builder: GraphBuilder) -> Activation:
    """The input as an image whose rows and columns are what its axes in input 1 hold, and its channels the rest."""
    x = builder.activation()
    axes = sorted({one_axis(x, a) for a in builder.indices(1)})
    if len(x.shape) == 4 and x.shape[0] == 1 and axes in ([1, 2], [0, 1, 2]):
        return x
    kept = [a for a in range(len(x.shape)) if a not in axes]
    moved = permute(builder, x, (*axes, *kept))
    count = prod(x.shape[a] for a in axes)
    return builder.view(moved, (1, 1, count, prod(x.shape) // count))


@imports(
    MEAN="kernel, any axes",
    SUM="kernel, any axes",
)
def import_mean(builder: GraphBuilder) -> None:
    quant, x = tensor_quantization(builder.result()), _reduced(builder)
    kind = Mean if builder.operator.kind == "MEAN" else Sum
    builder.finish(builder.emit(kind, [x], (1, x.shape[3]), quant))


@imports(
    REDUCE_MAX="maximum pooling, any axes; one scale",
    REDUCE_MIN="as REDUCE_MAX, of the values turned round",
)
def import_reduce_extremum(builder: GraphBuilder) -> None:
    """Maximum pooling of the whole image; the smallest is the largest of the values counted from the other end."""
    quant, x = tensor_quantization(builder.result()), _reduced(builder)
    check(x.quant == quant, "whose input and output differ in scale or zero point")
    smallest = builder.operator.kind == "REDUCE_MIN"
    turned = np.arange(127, -129, -1)
    if smallest:
        x = builder.table(x, turned, x.shape, quant)
    while x.shape[1:3] != (1, 1):
        size = min(x.shape[1], MAX_WINDOW), min(x.shape[2], MAX_WINDOW)
        padding = (0, 0, -x.shape[1] % size[0], -x.shape[2] % size[1])
        shape = (1, -(-x.shape[1] // size[0]), -(-x.shape[2] // size[1]), x.shape[3])
        x = builder.emit(MaxPool2d, [x], shape, quant, size=size, stride=size, padding=padding)
    builder.finish(builder.table(x, turned, x.shape, quant) if smallest else x)


@imports(RESIZE_BILINEAR="kernel on the whole image")
def import_resize_bilinear(builder: GraphBuilder) -> None:
    x, out, operator = image(builder), builder.result(), builder.operator
    check(len(out.shape) == 4, f"to {list(out.shape)}")
    corners, centers = operator.boolean(2), operator.boolean(3)
    check(not (corners and centers), "with both aligned corners and half-pixel centers")
    size = (out.shape[1], out.shape[2])
    builder.finish(
        builder.emit(
            ResizeBilinear,
            [x],
            out.shape,
            tensor_quantization(out),
            size=size,
            align_corners=corners,
            half_pixel_centers=centers,
        )
    )


@imports(
    ARG_MAX="kernel, at an output; gives int32",
    ARG_MIN="kernel, at an output; gives int32",
)
def import_arg_extremum(builder: GraphBuilder) -> None:
    x, tensor = builder.activation(), builder.result()
    axis = one_axis(x, builder.indices(1)[0] if builder.indices(1) else 0)
    others = tuple(a for a in range(len(x.shape)) if a != axis)
    last = x if axis == len(x.shape) - 1 else permute(builder, x, (*others, axis))
    rows = builder.view(last, (1, prod(x.shape) // x.shape[axis], x.shape[axis]))
    kind = ArgMax if builder.operator.kind == "ARG_MAX" else ArgMin
    indices = builder.emit(kind, [rows], rows.shape[:2], Quantization((1.0,)), None, "int32")
    check(not builder.is_read(tensor.index), "whose result another operator reads")
    builder.bind(tensor.index, indices)
