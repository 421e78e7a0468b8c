"""Operators that move values and compute nothing."""

from __future__ import annotations

from math import prod

import numpy as np

from mcu_vision.frontends.tflite.builder import (
    Activation,
    GraphBuilder,
    check,
    check_activation,
    graph_shape,
    tensor_quantization,
)
from mcu_vision.frontends.tflite.registry import imports
from mcu_vision.ir import Shape
from mcu_vision.ops import Concat, Select
from mcu_vision.ops.select import FILL

Places = tuple[int, ...]
REFLECT, SYMMETRIC = 0, 1


def image_view(builder: GraphBuilder, x: Activation) -> Activation:
    """x as an image (1, H, W, C), axes of 1 in front; Unsupported if it has more than three axes and a batch."""
    shape = (1,) * (4 - len(x.shape)) + x.shape
    check(len(shape) == 4 and shape[0] == 1, f"of a tensor {list(x.shape)} (a batch of 1 and three axes are needed)")
    return builder.view(x, shape)


def pick(builder: GraphBuilder, x: Activation, places: dict[int, Places], fill: int = 0) -> Activation:
    """Places of x along axes of the file's shape; FILL gives `fill`."""
    shape = tuple(len(places[a]) if a in places else n for a, n in enumerate(x.shape))
    kept = {a: p for a, p in places.items() if p != tuple(range(x.shape[a]))}
    check(all(shape), f"whose result {list(shape)} is empty")
    if not kept:
        return x
    if len(x.shape) <= 4 and (len(x.shape) < 4 or (x.shape[0] == 1 and 0 not in kept)):
        missing = 4 - len(x.shape)
        rows, columns, channels = (kept.get(a - missing, ()) for a in (1, 2, 3))
        picked = builder.emit(
            Select,
            [image_view(builder, x)],
            (1,) * missing + shape,
            x.quant,
            rows=rows,
            columns=columns,
            channels=channels,
            fill=fill,
        )
        return builder.view(picked, shape)
    for axis, along in kept.items():
        before, after = prod(x.shape[:axis]), prod(x.shape[axis + 1 :])
        seen = builder.view(x, (1, before, x.shape[axis], after))
        picked = builder.emit(Select, [seen], (1, before, len(along), after), x.quant, columns=along, fill=fill)
        x = builder.view(picked, (*x.shape[:axis], len(along), *x.shape[axis + 1 :]))
    return x


def permute(builder: GraphBuilder, x: Activation, axes: Shape) -> Activation:
    """x with its axes in another order."""
    batch = len(graph_shape(x.shape)) - len(x.shape)
    inner = graph_shape(x.shape)
    order = tuple(range(batch)) + tuple(a + batch for a in axes)
    shape = tuple(x.shape[a] for a in axes)
    if order[0] != 0:  # the batch of 1 moves: it is one more axis
        return builder.rearrange(x, inner, order, shape)
    return builder.rearrange(x, inner[1:], tuple(a - 1 for a in order[1:]), shape)


def one_axis(x: Activation, axis: int) -> int:
    """`axis`, counted from the end if negative, as a number of x's axes."""
    rank = len(x.shape)
    check(-rank <= axis < rank, f"along axis {axis} of {list(x.shape)}")
    return axis % rank


def _raw(builder: GraphBuilder, x: Activation, position: int = 0) -> None:
    """Finish with x's bytes, whatever scale the file gives the output."""
    out = builder.result(position)
    builder.finish(builder.view(x, out.shape, tensor_quantization(out)), position)


@imports(
    RESHAPE="nothing to do, or a copy",
    SQUEEZE="nothing to do, or a copy",
    EXPAND_DIMS="nothing to do, or a copy",
)
def import_reshape(builder: GraphBuilder) -> None:
    """The file's own shape of the output is the new shape."""
    x, out = builder.activation(), builder.result()
    check(prod(x.shape) == prod(out.shape), f"of {list(x.shape)} to {list(out.shape)}")
    _raw(builder, x)


@imports(TRANSPOSE="permutation of the whole tensor, up to six axes")
def import_transpose(builder: GraphBuilder) -> None:
    x, axes = builder.activation(), builder.indices(1)
    axes = [one_axis(x, a) for a in axes]
    check(sorted(axes) == list(range(len(x.shape))), f"with axes {axes} of {list(x.shape)}")
    _raw(builder, permute(builder, x, tuple(axes)))


@imports(
    PAD="picked places; a row at a time",
    PADV2="as PAD",
    MIRROR_PAD="picked places",
)
def import_pad(builder: GraphBuilder) -> None:
    x, operator = builder.activation(), builder.operator
    pairs = builder.indices(1)
    check(len(pairs) == 2 * len(x.shape) and min(pairs, default=0) >= 0, f"with paddings {pairs}")
    fill = x.quant.zero_point
    if builder.has_input(2):
        check(builder.file_input(2).data is not None, "with a value that is not constant")
        fill = int(builder.constant(2, builder.dtype(x)).reshape(-1)[0])
        check(fill == 0 or builder.dtype(x) == "int8", f"of int16 with the value {fill}")
    places = {}
    for axis, n in enumerate(x.shape):
        before, after = pairs[2 * axis : 2 * axis + 2]
        check(before + n + after <= 32767, f"with paddings {pairs}")
        if operator.kind != "MIRROR_PAD":
            places[axis] = (FILL,) * before + tuple(range(n)) + (FILL,) * after
            continue
        mode = operator.integer(0, 0, "i1")
        check(mode in (REFLECT, SYMMETRIC) and max(before, after) <= n - (mode == REFLECT), f"with paddings {pairs}")
        numpy_mode = "reflect" if mode == REFLECT else "symmetric"
        places[axis] = tuple(int(i) for i in np.pad(np.arange(n), (before, after), numpy_mode))  # type: ignore[call-overload]
    _raw(builder, pick(builder, x, places, fill))


@imports(SLICE="picked places; a row at a time")
def import_slice(builder: GraphBuilder) -> None:
    x = builder.activation()
    begins, sizes = builder.indices(1), builder.indices(2)
    check(len(begins) == len(sizes) == len(x.shape), f"from {begins} of size {sizes}")
    places = {}
    for axis, (begin, size, n) in enumerate(zip(begins, sizes, x.shape, strict=True)):
        end = n if size == -1 else begin + size
        check(0 <= begin <= end <= n, f"from {begins} of size {sizes} of {list(x.shape)}")
        places[axis] = tuple(range(begin, end))
    _raw(builder, pick(builder, x, places))


@imports(STRIDED_SLICE="picked places; no ellipsis, no new axis")
def import_strided_slice(builder: GraphBuilder) -> None:
    x, operator = builder.activation(), builder.operator
    begin_mask, end_mask, ellipsis, new_axis, shrink = (operator.integer(i) for i in range(5))
    check(ellipsis == 0 and new_axis == 0, "with an ellipsis or a new axis")
    begins, ends, strides = (builder.indices(i) for i in (1, 2, 3))
    check(len(begins) == len(ends) == len(strides) <= len(x.shape), f"from {begins} to {ends} by {strides}")
    places: dict[int, Places] = {}
    for axis, (begin, end, stride) in enumerate(zip(begins, ends, strides, strict=True)):
        n, bit = x.shape[axis], 1 << axis
        if shrink & bit:
            place = 0 if begin_mask & bit else begin
            check(-n <= place < n and stride > 0, f"of place {place} by {stride} of {list(x.shape)}")
            places[axis] = (place % n,)
            continue
        check(stride != 0, "by a stride of 0")
        first = None if begin_mask & bit else begin
        last = None if end_mask & bit else begin + end if operator.boolean(5) else end
        places[axis] = tuple(range(n))[first:last:stride]
    _raw(builder, pick(builder, x, places))


@imports(
    SPLIT="picked places, for each part",
    SPLIT_V="as SPLIT",
    UNPACK="as SPLIT",
)
def import_split(builder: GraphBuilder) -> None:
    operator, count = builder.operator, len(builder.operator.outputs)
    if operator.kind == "SPLIT":
        x = builder.activation(1)
        axis = one_axis(x, builder.indices(0)[0] if builder.indices(0) else 0)
    elif operator.kind == "SPLIT_V":
        x = builder.activation(0)
        axis = one_axis(x, builder.indices(2)[0] if builder.indices(2) else 0)
    else:
        x = builder.activation(0)
        axis = one_axis(x, operator.integer(1))
    n = x.shape[axis]
    sizes = builder.indices(1) if operator.kind == "SPLIT_V" else [n // count] * count
    check(len(sizes) == count, f"in {count} parts of {sizes}")
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = n - (sum(sizes) + 1)
    check(min(sizes) > 0 and sum(sizes) == n, f"of {n} in parts of {sizes}")
    first = 0
    for position, size in enumerate(sizes):
        _raw(builder, pick(builder, x, {axis: tuple(range(first, first + size))}), position)
        first += size


@imports(GATHER="picked places; constant indices")
def import_gather(builder: GraphBuilder) -> None:
    x = builder.activation()
    check(builder.operator.integer(1) == 0, "with a batch of indices")
    axis, indices = one_axis(x, builder.operator.integer(0)), builder.indices(1)
    check(all(0 <= i < x.shape[axis] for i in indices), f"of places {indices} of {list(x.shape)}")
    _raw(builder, pick(builder, x, {axis: tuple(indices)}))


@imports(REVERSE_V2="picked places")
def import_reverse(builder: GraphBuilder) -> None:
    x = builder.activation()
    axes = {one_axis(x, a) for a in builder.indices(1)}
    _raw(builder, pick(builder, x, {a: tuple(reversed(range(x.shape[a]))) for a in axes}))


@imports(TILE="picked places")
def import_tile(builder: GraphBuilder) -> None:
    x, counts = builder.activation(), builder.indices(1)
    check(len(counts) == len(x.shape), f"{counts} times")
    sizes = [n * c for n, c in zip(x.shape, counts, strict=True)]
    check(all(0 < n <= 32767 for n in sizes), f"{counts} times")
    _raw(builder, pick(builder, x, {a: tuple(range(n)) * counts[a] for a, n in enumerate(x.shape)}))


@imports(RESIZE_NEAREST_NEIGHBOR="picked places of the whole image")
def import_resize_nearest(builder: GraphBuilder) -> None:
    x, out = builder.activation(), builder.result()
    check(len(x.shape) == 4 == len(out.shape), f"of {list(x.shape)}")
    check_activation(out)
    corners, centers = builder.operator.boolean(0), builder.operator.boolean(1)
    places = {a: nearest_places(x.shape[a], out.shape[a], corners, centers) for a in (1, 2)}
    _raw(builder, pick(builder, x, places))


def nearest_places(source: int, target: int, align_corners: bool, half_pixel_centers: bool) -> Places:
    """The input place of each output place, in float32 as TensorFlow Lite finds it."""
    aligned = align_corners and target > 1
    scale = np.float32(source - aligned) / np.float32(target - aligned)
    at = (np.arange(target, dtype=np.float32) + np.float32(0.5 if half_pixel_centers else 0)) * scale
    rounded = np.floor(at + np.float32(0.5)) if align_corners else np.floor(at)
    return tuple(int(i) for i in np.clip(rounded, 0, source - 1))


@imports(
    CONCATENATION="kernel, any axis; one scale",
    PACK="as CONCATENATION",
)
def import_concatenation(builder: GraphBuilder) -> None:
    operator, out = builder.operator, builder.result()
    quant = tensor_quantization(out)
    count = len(operator.inputs)
    parts = [builder.activation(i) for i in range(count)]
    axis = one_axis(Activation("", out.shape, quant), operator.integer(1 if operator.kind == "PACK" else 0))
    if operator.kind == "PACK":
        parts = [builder.view(p, (*p.shape[:axis], 1, *p.shape[axis:])) for p in parts]
    else:
        check(operator.integer(1, 0, "i1") == 0, "with a fused activation")
    check(all(p.quant == quant for p in parts), "whose inputs differ in scale or zero point")
    others = {(*p.shape[:axis], *p.shape[axis + 1 :]) for p in parts}
    check(others == {(*out.shape[:axis], *out.shape[axis + 1 :])}, f"of {[list(p.shape) for p in parts]}")
    before = prod(out.shape[:axis])
    if len(out.shape) == 4 and out.shape[0] == 1 and axis == 3:
        builder.finish(builder.emit(Concat, parts, out.shape, quant))
        return
    if len(out.shape) == 4 and out.shape[0] == 1 and axis == 2:
        rows = [builder.view(p, (1, p.shape[1], 1, prod(p.shape[2:]))) for p in parts]
    else:
        rows = [builder.view(p, (1, 1, before, prod(p.shape) // before)) for p in parts]
    shape = (*rows[0].shape[:3], sum(r.shape[3] for r in rows))
    builder.finish(builder.emit(Concat, rows, shape, quant))
