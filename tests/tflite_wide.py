"""Cases of operators of int16 activations: what each writes into a `Case`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tflite_case import FUSED, Case
from tflite_layers import Build

INPUT_SCALES = (1 / 32767, 3.0517578125e-05, 255 / 32767, 0.01, 2.0**-12, 2.0**-11)
"""Scales of the model's input, whose values are those of pixels from -1 to 1, or 0 to 255."""


def scale(case: Case) -> float:
    return float(np.float32(np.exp(case.real(-12, -3)))) if case.flag() else float(2.0 ** case.integer(-16, -6))


def source(case: Case, shape: Sequence[int], scales: Sequence[float] = INPUT_SCALES) -> tuple[int, float]:
    """The model's input, and its scale."""
    value = float(np.float32(case.pick(scales)))
    case.x = case.tensor(shape, value, 0, dtype="int16")
    return case.x, value


def result(case: Case, shape: Sequence[int], of: float | None = None) -> int:
    """An output of a scale, or of one that is chosen."""
    return case.result(shape, (of or scale(case), 0), "int16")


def constants(case: Case, shape: Sequence[int], axis: int, source_scale: float, optional: bool) -> list[int]:
    """Weights, per tensor if the bias is optional, and a bias at the scale of the products."""
    scales = [float(case.real(2e-4, 0.05)) for _ in range(1 if optional else shape[axis])]
    kernel = case.tensor(shape, scales, 0, case.values(shape, -127), axis=axis)
    if optional and case.pick([False, False, True]):
        return [kernel]
    largest = case.pick([900, 2**20, 2**30])
    bias = case.values([shape[axis]], -largest, largest)
    return [kernel, case.tensor([shape[axis]], [s * source_scale for s in scales], 0, bias, "int64")]


def window(case: Case, kernel: int, stride: int, same: bool) -> tuple[int, int]:
    length = case.integer(1 if same else kernel, kernel + 4)
    return length, -(-length // stride) if same else (length - kernel) // stride + 1


def convolution(kind: str) -> Build:
    def build(case: Case) -> None:
        kh, kw, stride, depth = *case.integers(2, 1, 4), case.integer(1, 3), case.integer(1, 5)
        same = case.flag()
        (h, oh), (w, ow) = window(case, kh, stride, same), window(case, kw, stride, same)
        x, of = source(case, [1, h, w, depth])
        options = {"padding": 0 if same else 1, "strideH": stride, "strideW": stride}
        options |= {"fusedActivationFunction": case.pick(FUSED)}
        if kind == "CONV_2D":
            out = case.integer(1, 4)
            weights = constants(case, [out, kh, kw, depth], 0, of, False)
            case.op(kind, [x, *weights], [result(case, [1, oh, ow, out])], "Conv2DOptions", **options)
            return
        out = depth * case.integer(1, 2)
        weights = constants(case, [1, kh, kw, out], 3, of, False)
        options["depthMultiplier"] = out // depth
        case.op(kind, [x, *weights], [result(case, [1, oh, ow, out])], "DepthwiseConv2DOptions", **options)

    return build


def fully_connected(case: Case) -> None:
    count, inputs, outputs = case.pick([1, 1, 3]), case.integer(1, 40), case.integer(1, 9)
    x, of = source(case, [count, inputs])
    weights = constants(case, [outputs, inputs], 0, of, True)
    options = {"fusedActivationFunction": case.pick(FUSED)}
    case.op("FULLY_CONNECTED", [x, *weights], [result(case, [count, outputs])], "FullyConnectedOptions", **options)


def pool(kind: str) -> Build:
    def build(case: Case) -> None:
        kh, kw, stride, channels = *case.integers(3, 1, 3), case.integer(1, 5)
        same = case.flag()
        (h, oh), (w, ow) = window(case, kh, stride, same), window(case, kw, stride, same)
        x, of = source(case, [1, h, w, channels])
        options = {"padding": 0 if same else 1, "strideH": stride, "strideW": stride}
        options |= {"filterHeight": kh, "filterWidth": kw, "fusedActivationFunction": case.pick(FUSED)}
        case.op(kind, [x], [result(case, [1, oh, ow, channels], of)], "Pool2DOptions", **options)

    return build


def pair(kind: str, options: str, one_scale: bool = False) -> Build:
    def build(case: Case) -> None:
        shape = [1, *case.integers(3, 1, 4)]
        x, of = source(case, shape)
        other = [case.pick([1, n]) for n in shape][case.integer(0, 3) :]
        y = case.tensor(other, of if one_scale else scale(case), 0, case.values(other, -32768, 32767), "int16")
        fused = {} if one_scale else {"fusedActivationFunction": case.pick(FUSED)}
        fused |= {"potScaleInt16": False} if kind in ("ADD", "SUB") else {}
        inputs = case.pick([[x, y], [y, x], [x, x]])
        case.op(kind, inputs, [result(case, shape, of if one_scale else None)], options, **fused)

    return build


def unary(kind: str, options: str = "", out: float | None = None, **choices: list[object]) -> Build:
    def build(case: Case) -> None:
        shape = case.shape(case.integer(1, 4), 6)
        x, _ = source(case, shape)
        picked = {name: case.pick(values) for name, values in choices.items()}
        case.op(kind, [x], [result(case, shape, out)], options, **picked)

    return build


def mean(case: Case) -> None:
    shape = [1, *case.integers(3, 1, 6)]
    keep, axes = case.flag(), case.pick([[1, 2], [1], [2, 3], [3]])
    kept = [1 if a in axes else n for a, n in enumerate(shape) if keep or a not in axes]
    x, of = source(case, shape)
    target = result(case, kept, case.pick([of, None]))
    case.op("MEAN", [x, case.constant(axes)], [target], "ReducerOptions", keepDims=keep)


def moved(case: Case) -> None:
    """A transposition, padding, a slice with a step, and the result beside itself."""
    shape = [1, *case.integers(3, 2, 4)]
    x, of = source(case, shape)
    axes = case.pick([[0, 2, 1, 3], [0, 3, 1, 2], [0, 1, 3, 2], [0, 3, 2, 1]])
    turned = [shape[a] for a in axes]
    t = case.tensor(turned, of, 0, dtype="int16")
    case.op("TRANSPOSE", [x, case.constant(axes)], [t], "TransposeOptions")
    padded = [turned[0], turned[1] + 2, turned[2] + 1, turned[3]]
    p = case.tensor(padded, of, 0, dtype="int16")
    case.op("PAD", [t, case.constant([[0, 0], [1, 1], [0, 1], [0, 0]])], [p], "PadOptions")
    strides = [1, *case.integers(3, 1, 2)]
    part = [len(range(0, n, s)) for n, s in zip(padded, strides, strict=True)]
    s = case.tensor(part, of, 0, dtype="int16")
    places = [p, case.constant([0] * 4), case.constant(padded), case.constant(strides)]
    case.op("STRIDED_SLICE", places, [s], "StridedSliceOptions")
    axis = case.integer(1, 3)
    target = result(case, [n * (2 if a == axis else 1) for a, n in enumerate(part)], of)
    case.op("CONCATENATION", [s, s], [target], "ConcatenationOptions", axis=axis)


WIDE: dict[str, Build] = {
    "CONV_2D": convolution("CONV_2D"),
    "DEPTHWISE_CONV_2D": convolution("DEPTHWISE_CONV_2D"),
    "FULLY_CONNECTED": fully_connected,
    "AVERAGE_POOL_2D": pool("AVERAGE_POOL_2D"),
    "MAX_POOL_2D": pool("MAX_POOL_2D"),
    "MEAN": mean,
    "ADD": pair("ADD", "AddOptions"),
    "SUB": pair("SUB", "SubOptions"),
    "MUL": pair("MUL", "MulOptions"),
    "MINIMUM": pair("MINIMUM", "MaximumMinimumOptions", one_scale=True),
    "MAXIMUM": pair("MAXIMUM", "MaximumMinimumOptions", one_scale=True),
    "SOFTMAX": unary("SOFTMAX", "SoftmaxOptions", 1 / 32768, beta=[1.0, 0.5, 3.0]),
    "LOGISTIC": unary("LOGISTIC", out=1 / 32768),
    "TANH": unary("TANH", out=1 / 32768),
    "RELU": unary("RELU"),
    "RELU6": unary("RELU6"),
    "QUANTIZE": unary("QUANTIZE", "QuantizeOptions"),
    "movement": moved,
}
