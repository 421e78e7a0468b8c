"""Cases of curves, reductions and blocks of batches: what each writes into a `Case`."""

from __future__ import annotations

import numpy as np
from tflite_case import FUSED, Case
from tflite_layers import Build


def curve(kind: str, lowest_zero: bool = False, largest: float = 1e9) -> Build:
    """A function of one value; lowest_zero: of values from 0 up; largest: of the input."""

    def build(case: Case) -> None:
        shape = case.shape(case.integer(1, 4), 6)
        scale, zero = case.quant()
        scale = min(scale, largest / 256)
        x = case.source(shape, (scale, -128 if lowest_zero else zero))
        case.op(kind, [x], [case.result(shape, case.quant())])

    return build


def gelu(case: Case) -> None:
    shape = case.shape(case.integer(1, 4), 6)
    x, y = case.source(shape, case.quant()), case.result(shape, case.quant())
    case.op("GELU", [x], [y], "GeluOptions", approximate=case.flag())


def reduction(kind: str, one_scale: bool = False) -> Build:
    def build(case: Case) -> None:
        shape = [1, *case.integers(case.integer(1, 3), 1, 6)]
        axes = [1, 2] if len(shape) == 4 and case.flag() else [a for a in range(1, len(shape)) if case.flag()] or [1]
        if one_scale and case.pick([False, False, True]):
            shape, axes = [1, 130, 2, 3], [1, 2]
        keep, quant = case.flag(), case.quant()
        kept = [1 if a in axes else n for a, n in enumerate(shape) if keep or a not in axes]
        target = case.result(kept, quant if one_scale else case.pick([quant, case.quant()]))
        inputs = [case.source(shape, quant), case.constant(axes)]
        case.op(kind, inputs, [target], "ReducerOptions", keepDims=keep)

    return build


def log_softmax(case: Case) -> None:
    shape = [case.integer(1, 3), case.pick([1, 2, 5, 40, 1000])]
    case.op("LOG_SOFTMAX", [case.source(shape)], [case.result(shape, (1 / 16, 127))], "LogSoftmaxOptions")


def squared_difference(case: Case) -> None:
    """The output's scale fits the squares, as the multiplier must fit 32 bits after its shift."""
    shape = [1, *case.integers(3, 1, 5)]
    x_quant, y_quant = case.quant(), case.quant()
    other = [case.pick([1, n]) for n in shape][case.integer(0, 4) :]
    y = case.tensor(other, *y_quant, case.values(other))
    x = case.source(shape, x_quant)
    largest = max(x_quant[0], y_quant[0])
    target = case.result(shape, (largest * largest * case.pick([0.3, 1.0, 20.0, 200.0]), case.quant()[1]))
    case.op("SQUARED_DIFFERENCE", [x, y] if case.flag() else [y, x], [target])


def broadcast_to(case: Case) -> None:
    shape = [1, *case.integers(3, 1, 4)]
    quant = case.quant()
    x = case.source([case.pick([1, n]) for n in shape][case.integer(0, 3) :], quant)
    case.op("BROADCAST_TO", [x, case.constant(shape)], [case.result(shape, quant)])


def _blocks(case: Case) -> tuple[list[int], np.ndarray, list[int], list[int]]:
    """Block, edges, and the shapes before and after SPACE_TO_BATCH_ND."""
    block, cells, channels = case.integers(2, 1, 3), case.integers(2, 1, 3), case.integer(1, 3)
    edges, size = [], []
    for b, n in zip(block, cells, strict=True):
        before = case.integer(0, min(2, b * n - 1))
        after = case.integer(0, b * n - 1 - before)
        edges.append([before, after])
        size.append(b * n - before - after)
    return block, np.array(edges), [1, *size, channels], [block[0] * block[1], *cells, channels]


def space_to_batch(case: Case) -> None:
    block, edges, image, batches = _blocks(case)
    quant = case.quant()
    inputs = [case.source(image, quant), case.constant(block), case.constant(edges)]
    case.op("SPACE_TO_BATCH_ND", inputs, [case.result(batches, quant)])


def batch_to_space(case: Case) -> None:
    block, edges, image, batches = _blocks(case)
    quant = case.quant()
    inputs = [case.source(batches, quant), case.constant(block), case.constant(edges)]
    case.op("BATCH_TO_SPACE_ND", inputs, [case.result(image, quant)])


def dilated(case: Case) -> None:
    """SPACE_TO_BATCH_ND, a convolution, BATCH_TO_SPACE_ND, as TensorFlow writes a dilated convolution."""
    block, kernel, channels = case.integers(2, 1, 3), case.integers(2, 1, 3), case.integer(1, 3)
    quant, out = case.quant(), case.quant()
    edges, crops, size, cells = [], [], [], []
    for b, k in zip(block, kernel, strict=True):
        inner = k + case.integer(0, 2)
        total = case.integer(0, b * inner - 1) if case.flag() else min((k - 1) * b, b * inner - 1)
        before = case.integer(0, total)
        crop = case.integer(0, min(total - before, b * (inner - k + 1) - 1))
        edges.append([before, total - before]), crops.append([0, crop])
        size.append(b * inner - total), cells.append(inner)
    x = case.source([1, *size, channels], quant)
    spread = case.tensor([block[0] * block[1], *cells, channels], *quant)
    case.op("SPACE_TO_BATCH_ND", [x, case.constant(block), case.constant(edges)], [spread])
    depthwise = case.flag()
    count = channels if depthwise else case.integer(1, 3)
    left = [c - k + 1 for c, k in zip(cells, kernel, strict=True)]
    between = case.tensor([block[0] * block[1], *left, count], *out)
    constants = case.weights([1 if depthwise else count, *kernel, channels], 3 if depthwise else 0, quant[0], False)
    options = {"padding": 1, "strideH": 1, "strideW": 1, "fusedActivationFunction": case.pick(FUSED)}
    if depthwise:
        case.op(
            "DEPTHWISE_CONV_2D", [spread, *constants], [between], "DepthwiseConv2DOptions", depthMultiplier=1, **options
        )
    else:
        case.op("CONV_2D", [spread, *constants], [between], "Conv2DOptions", **options)
    final = [n * b - sum(c) for n, b, c in zip(left, block, crops, strict=True)]
    target = case.result([1, *final, count], out)
    case.op("BATCH_TO_SPACE_ND", [between, case.constant(block), case.constant(crops)], [target])


CURVES: dict[str, Build] = {
    "ABS": curve("ABS"),
    "NEG": curve("NEG"),
    "ELU": curve("ELU"),
    "EXP": curve("EXP", largest=16),
    "GELU": gelu,
    "LOG": curve("LOG"),
    "SQRT": curve("SQRT", lowest_zero=True),
    "RSQRT": curve("RSQRT", lowest_zero=True),
    "LOG_SOFTMAX": log_softmax,
    "SUM": reduction("SUM"),
    "REDUCE_MAX": reduction("REDUCE_MAX", one_scale=True),
    "REDUCE_MIN": reduction("REDUCE_MIN", one_scale=True),
    "SQUARED_DIFFERENCE": squared_difference,
    "BROADCAST_TO": broadcast_to,
    "SPACE_TO_BATCH_ND": space_to_batch,
    "BATCH_TO_SPACE_ND": batch_to_space,
    "DILATED": dilated,
}
