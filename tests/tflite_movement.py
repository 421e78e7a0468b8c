"""Cases of operators that move values: what each writes into a `Case`."""

from __future__ import annotations

from math import prod

import numpy as np
from tflite_case import Case, Quant
from tflite_layers import Build


def start(case: Case) -> tuple[int, list[int], Quant, int]:
    """The input, its shape and quantisation, and one of its axes."""
    shape, quant = case.shape(case.integer(1, 4)), case.quant()
    return case.source(shape, quant), shape, quant, case.integer(0, len(shape) - 1)


def reshape(case: Case) -> None:
    x, shape, quant, _ = start(case)
    count = prod(shape)
    part = case.pick([n for n in range(1, count + 1) if count % n == 0])
    target = case.pick([[count], [part, count // part], [1, part, count // part], [1, part, 1, count // part]])
    case.op("RESHAPE", [x, case.constant(target)], [case.result(target, quant)], "ReshapeOptions", newShape=target)


def squeeze(case: Case) -> None:
    x, shape, quant, _ = start(case)
    target = [n for n in shape if n > 1] or [1]
    if target == shape or (len(target) == 1 and target[0] == 1):
        case.op("EXPAND_DIMS", [x, case.constant(0)], [case.result([1, *shape], quant)], "ExpandDimsOptions")
    else:
        case.op("SQUEEZE", [x], [case.result(target, quant)], "SqueezeOptions", squeezeDims=[])


def transpose(case: Case) -> None:
    x, shape, quant, _ = start(case)
    axes = list(np.argsort(case.values([len(shape)])))
    target = case.result([shape[a] for a in axes], quant)
    case.op("TRANSPOSE", [x, case.constant(axes)], [target], "TransposeOptions")


def pad(case: Case) -> None:
    x, shape, quant, _ = start(case)
    pairs = np.array([case.integers(2, 0, 2) for _ in shape])
    target = case.result([n + int(p.sum()) for n, p in zip(shape, pairs, strict=True)], quant)
    if case.flag():
        case.op("PAD", [x, case.constant(pairs)], [target], "PadOptions")
    else:
        value = case.tensor([1], *quant, case.values([1]))
        case.op("PADV2", [x, case.constant(pairs), value], [target], "PadV2Options")


def mirror_pad(case: Case) -> None:
    x, shape, quant, _ = start(case)
    mode = case.integer(0, 1)
    pairs = np.array([case.integers(2, 0, n - 1 + mode) for n in shape])
    target = case.result([n + int(p.sum()) for n, p in zip(shape, pairs, strict=True)], quant)
    case.op("MIRROR_PAD", [x, case.constant(pairs)], [target], "MirrorPadOptions", mode=mode)


def slice_(case: Case) -> None:
    x, shape, quant, _ = start(case)
    begins = [case.integer(0, n - 1) for n in shape]
    sizes = [case.integer(1, n - b) for n, b in zip(shape, begins, strict=True)]
    target = case.result(sizes, quant)
    asked = [-1 if b + s == n and case.flag() else s for n, b, s in zip(shape, begins, sizes, strict=True)]
    case.op("SLICE", [x, case.constant(begins), case.constant(asked)], [target], "SliceOptions")


def strided_slice(case: Case) -> None:
    x, shape, quant, shrunk = start(case)
    kept, begins, ends, strides, begin_mask, end_mask = [], [], [], [], 0, 0
    shrink = case.flag() and len(shape) > 1
    for axis, n in enumerate(shape):
        begin, end, stride = case.integer(-n - 1, n), case.integer(-n - 1, n + 1), case.pick([1, 1, 2, -1, -2])
        masks = case.integer(0, 3)
        if shrink and axis == shrunk:
            begin, end, stride = case.integer(-n, n - 1), 0, 1
        else:
            if not range(n)[None if masks & 1 else begin : None if masks & 2 else end : stride]:
                masks = 3
            kept.append(len(range(n)[None if masks & 1 else begin : None if masks & 2 else end : stride]))
        begin_mask |= (masks & 1) << axis
        end_mask |= (masks >> 1) << axis
        begins.append(begin), ends.append(end), strides.append(stride)
    inputs = [x, *map(case.constant, (begins, ends, strides))]
    masks = {"beginMask": begin_mask, "endMask": end_mask, "shrinkAxisMask": shrink << shrunk}
    case.op("STRIDED_SLICE", inputs, [case.result(kept, quant)], "StridedSliceOptions", **masks)


def split(case: Case) -> None:
    x, shape, quant, axis = start(case)
    n = shape[axis]
    parts = case.pick([k for k in range(1, n + 1) if n % k == 0])
    outs = [case.result([*shape[:axis], n // parts, *shape[axis + 1 :]], quant) for _ in range(parts)]
    where = case.pick([axis, axis - len(shape)])
    case.op("SPLIT", [case.constant(where), x], outs, "SplitOptions", numSplits=parts)


def split_v(case: Case) -> None:
    x, shape, quant, axis = start(case)
    first = case.integer(1, shape[axis])
    sizes = [first, shape[axis] - first] if first < shape[axis] else [first]
    outs = [case.result([*shape[:axis], n, *shape[axis + 1 :]], quant) for n in sizes]
    asked = [*sizes[:-1], case.pick([-1, sizes[-1]])]
    inputs = [x, case.constant(asked), case.constant(axis)]
    case.op("SPLIT_V", inputs, outs, "SplitVOptions", numSplits=len(sizes))


def unpack(case: Case) -> None:
    x, shape, quant, axis = start(case)
    outs = [case.result(shape[:axis] + shape[axis + 1 :], quant) for _ in range(shape[axis])]
    case.op("UNPACK", [x], outs, "UnpackOptions", num=shape[axis], axis=axis)


def concatenation(case: Case) -> None:
    x, shape, quant, axis = start(case)
    other = [*shape[:axis], case.integer(1, 3), *shape[axis + 1 :]]
    constant = case.tensor(other, *quant, case.values(other))
    inputs = case.pick([[x, constant], [constant, x], [x, constant, x]])
    size = other[axis] + shape[axis] * inputs.count(x)
    target = case.result([*shape[:axis], size, *shape[axis + 1 :]], quant)
    case.op("CONCATENATION", inputs, [target], "ConcatenationOptions", axis=case.pick([axis, axis - len(shape)]))


def pack(case: Case) -> None:
    x, shape, quant, axis = start(case)
    target = case.result([*shape[:axis], 2, *shape[axis:]], quant)
    case.op("PACK", [x, x], [target], "PackOptions", valuesCount=2, axis=axis)


def gather(case: Case) -> None:
    x, shape, quant, axis = start(case)
    places = case.integers(3, 0, shape[axis] - 1)
    target = case.result([*shape[:axis], 3, *shape[axis + 1 :]], quant)
    case.op("GATHER", [x, case.constant(places)], [target], "GatherOptions", axis=axis)


def reverse(case: Case) -> None:
    x, shape, quant, axis = start(case)
    case.op("REVERSE_V2", [x, case.constant([axis])], [case.result(shape, quant)], "ReverseV2Options")


def tile(case: Case) -> None:
    x, shape, quant, _ = start(case)
    counts = case.integers(len(shape), 1, 3)
    target = case.result([n * c for n, c in zip(shape, counts, strict=True)], quant)
    case.op("TILE", [x, case.constant(counts)], [target], "TileOptions")


def blocks(kind: str, options: str) -> Build:
    def build(case: Case) -> None:
        block, (h, w, channels), quant = case.integer(1, 3), case.integers(3, 1, 3), case.quant()
        flat, deep = [1, h * block, w * block, channels], [1, h, w, channels * block * block]
        before, after = (flat, deep) if kind == "SPACE_TO_DEPTH" else (deep, flat)
        case.op(kind, [case.source(before, quant)], [case.result(after, quant)], options, blockSize=block)

    return build


MOVEMENT: dict[str, Build] = {
    "RESHAPE": reshape,
    "SQUEEZE": squeeze,
    "TRANSPOSE": transpose,
    "PAD": pad,
    "MIRROR_PAD": mirror_pad,
    "SLICE": slice_,
    "STRIDED_SLICE": strided_slice,
    "SPLIT": split,
    "SPLIT_V": split_v,
    "UNPACK": unpack,
    "CONCATENATION": concatenation,
    "PACK": pack,
    "GATHER": gather,
    "REVERSE_V2": reverse,
    "TILE": tile,
    "SPACE_TO_DEPTH": blocks("SPACE_TO_DEPTH", "SpaceToDepthOptions"),
    "DEPTH_TO_SPACE": blocks("DEPTH_TO_SPACE", "DepthToSpaceOptions"),
}
