"""Pooling, means, resizing, and where the largest value is."""

from math import prod

from mcu_vision.frontends.tflite.builder import (
    GraphBuilder,
    check,
    fused_activation,
    tensor_quantization,
)
from mcu_vision.frontends.tflite.layers import image, window_padding
from mcu_vision.frontends.tflite.movement import one_axis, permute
from mcu_vision.frontends.tflite.registry import imports
from mcu_vision.ir import Quantization
from mcu_vision.ops import ArgMax, ArgMin, AveragePool2d, MaxPool2d, Mean, ResizeBilinear


@imports("AVERAGE_POOL_2D", "MAX_POOL_2D")
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


@imports("MEAN")
def import_mean(builder: GraphBuilder) -> None:
    x, out = builder.activation(), builder.result()
    quant = tensor_quantization(out)
    axes = sorted({one_axis(x, a) for a in builder.indices(1)})
    rank = len(x.shape)
    if rank == 4 and x.shape[0] == 1 and axes in ([1, 2], [0, 1, 2]):
        builder.finish(builder.emit(Mean, [x], (1, x.shape[3]), quant))
        return
    kept = [a for a in range(rank) if a not in axes]
    moved = permute(builder, x, (*axes, *kept))
    count = prod(x.shape[a] for a in axes)
    rows = builder.view(moved, (1, 1, count, prod(x.shape) // count))
    builder.finish(builder.emit(Mean, [rows], (1, prod(x.shape) // count), quant))


@imports("RESIZE_BILINEAR")
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
            None,
            "int8",
            size=size,
            align_corners=corners,
            half_pixel_centers=centers,
        )
    )


@imports("ARG_MAX", "ARG_MIN")
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
