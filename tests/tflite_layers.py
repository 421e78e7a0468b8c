"""Cases of operators that compute: what each writes into a `Case`."""

from __future__ import annotations

from collections.abc import Callable

from tflite_case import FUSED, Case

Build = Callable[[Case], None]


def _window(case: Case, kernel: int, stride: int, dilation: int, same: bool) -> tuple[int, int]:
    """Lengths of input and output along one axis."""
    span = (kernel - 1) * dilation + 1
    length = case.integer(1 if same else span, span + 4)
    return length, -(-length // stride) if same else (length - span) // stride + 1


def convolution(kind: str) -> Build:
    def build(case: Case) -> None:
        kh, kw = case.integers(2, 1, 4)
        sh, sw = case.integers(2, 1, 3) if kind == "CONV_2D" else case.integers(1, 1, 3) * 2
        dh, dw = case.pick([(1, 1), (1, 1), (2, 1), (1, 2), (3, 2)])
        same, quant = case.flag(), case.quant()
        (h, oh), (w, ow) = _window(case, kh, sh, dh, same), _window(case, kw, sw, dw, same)
        groups, depth = case.pick([1, 1, 2]), case.integer(1, 4)
        options = {"padding": 0 if same else 1, "strideH": sh, "strideW": sw, "dilationHFactor": dh}
        options |= {"dilationWFactor": dw, "fusedActivationFunction": case.pick(FUSED)}
        if kind == "CONV_2D":
            channels, out = depth * groups, groups * case.integer(1, 3)
            x = case.source([1, h, w, channels], quant)
            constants = case.weights([out, kh, kw, depth], 0, quant[0], optional=False)
            case.op(kind, [x, *constants], [case.result([1, oh, ow, out], case.quant())], "Conv2DOptions", **options)
            return
        out = depth * case.integer(1, 3)
        x = case.source([1, h, w, depth], quant)
        constants = case.weights([1, kh, kw, out], 3, quant[0])
        options["depthMultiplier"] = out // depth
        target = case.result([1, oh, ow, out], case.quant())
        case.op(kind, [x, *constants], [target], "DepthwiseConv2DOptions", **options)

    return build


def transpose_conv(case: Case) -> None:
    h, w, channels, out, kh, kw, sh, sw = *case.integers(4, 1, 4), *case.integers(4, 1, 3)
    same, quant = case.flag(), case.quant()
    oh, ow = (h * sh, w * sw) if same else ((h - 1) * sh + kh, (w - 1) * sw + kw)
    kernel, *offset = case.weights([out, kh, kw, channels], 0, quant[0])
    inputs = [case.constant([1, oh, ow, out]), kernel, case.source([1, h, w, channels], quant), *offset]
    options = {"padding": 0 if same else 1, "strideH": sh, "strideW": sw, "fusedActivationFunction": case.pick(FUSED)}
    case.op("TRANSPOSE_CONV", inputs, [case.result([1, oh, ow, out], case.quant())], "TransposeConvOptions", **options)


def fully_connected(case: Case) -> None:
    count, inputs, outputs = case.pick([1, 1, 3]), case.integer(1, 20), case.integer(1, 9)
    quant = case.quant()
    x = case.source([count, inputs], quant)
    constants = case.weights([outputs, inputs], 0, quant[0])
    target = case.result([count, outputs], case.quant())
    activation = case.pick(FUSED)
    case.op("FULLY_CONNECTED", [x, *constants], [target], "FullyConnectedOptions", fusedActivationFunction=activation)


def pool(kind: str) -> Build:
    def build(case: Case) -> None:
        kh, kw, sh, sw = case.integers(4, 1, 3)
        same, quant, channels = case.flag(), case.quant(), case.integer(1, 5)
        (h, oh), (w, ow) = _window(case, kh, sh, 1, same), _window(case, kw, sw, 1, same)
        x, target = case.source([1, h, w, channels], quant), case.result([1, oh, ow, channels], quant)
        options = {"padding": 0 if same else 1, "strideH": sh, "strideW": sw, "filterHeight": kh, "filterWidth": kw}
        case.op(kind, [x], [target], "Pool2DOptions", fusedActivationFunction=case.pick(FUSED), **options)

    return build


def unary(kind: str, options: str = "", quant: tuple[float, int] | None = None, **choices: list[object]) -> Build:
    """One input, an output of the same shape, with the given quantisation if it is fixed."""

    def build(case: Case) -> None:
        shape = case.shape(case.integer(1, 4), 6)
        x, target = case.source(shape), case.result(shape, quant or case.quant())
        case.op(kind, [x], [target], options, **{name: case.pick(values) for name, values in choices.items()})

    return build


def hard_swish(case: Case) -> None:
    """The output's scale must be at least 1/128 of the input's."""
    shape, scale = case.shape(case.integer(1, 4)), case.scale()
    x = case.source(shape, (scale, case.quant()[1]))
    target = case.result(shape, (scale * case.pick([0.01, 0.5, 1.0, 1.37]), case.quant()[1]))
    case.op("HARD_SWISH", [x], [target], "HardSwishOptions")


def pair(kind: str, options: str, one_scale: bool = False) -> Build:
    """Two operands: constants of any shape that can be repeated, the input twice, or its largest pixel."""

    def build(case: Case) -> None:
        shape = [1, *case.integers(3, 1, 5)]
        out = case.quant()
        quant = out if one_scale else case.quant()
        x = case.source(shape, quant)
        second = case.pick(["constant", "itself", "pixel"])
        if second == "constant":
            other = [case.pick([1, n]) for n in shape][case.integer(0, 4) :]
            y = case.tensor(other, *(out if one_scale else case.quant()), case.values(other))
        elif second == "itself":
            y = x
        else:
            y = case.tensor([1, 1, 1, shape[3]], *quant)
            window = {"strideH": 1, "strideW": 1, "filterHeight": shape[1], "filterWidth": shape[2]}
            case.op("MAX_POOL_2D", [x], [y], "Pool2DOptions", padding=1, **window)
        inputs = [x, y] if case.flag() else [y, x]
        fused = {} if one_scale else {"fusedActivationFunction": case.pick(FUSED)}
        case.op(kind, inputs, [case.result(shape, out)], options, **fused)

    return build


def prelu(case: Case) -> None:
    shape = [1, *case.integers(3, 1, 5)]
    slopes = case.pick([[1, 1, shape[3]], shape[1:], [1, 1, 1]])
    x, slope = case.source(shape), case.tensor(slopes, *case.quant(), case.values(slopes))
    case.op("PRELU", [x, slope], [case.result(shape, case.quant())])


def batch_matmul(case: Case) -> None:
    batches, rows, columns, depth = case.integers(4, 1, 6)
    adj_x, adj_y, constant = case.flag(), case.flag(), case.flag()
    if not constant:
        columns = rows
    a = [batches, depth, rows] if adj_x else [batches, rows, depth]
    b = [batches, columns, depth] if adj_y else [batches, depth, columns]
    x = case.source([1, *a])
    y = case.tensor([1, *b], *case.quant(), case.values([1, *b]))
    if not constant and adj_x == (not adj_y):
        y = x
    target = case.result([1, batches, rows, columns], case.quant())
    case.op("BATCH_MATMUL", [x, y], [target], "BatchMatMulOptions", adjX=adj_x, adjY=adj_y)


def mean(case: Case) -> None:
    shape = [1, *case.integers(case.integer(1, 3), 1, 6)]
    axes = [1, 2] if len(shape) == 4 and case.flag() else [a for a in range(1, len(shape)) if case.flag()] or [1]
    keep, quant = case.flag(), case.quant()
    kept = [1 if a in axes else n for a, n in enumerate(shape) if keep or a not in axes]
    x, target = case.source(shape, quant), case.result(kept, case.pick([quant, case.quant()]))
    case.op("MEAN", [x, case.constant(axes)], [target], "ReducerOptions", keepDims=keep)


def arg_extremum(kind: str, options: str) -> Build:
    def build(case: Case) -> None:
        shape = case.shape(case.integer(1, 4))
        axis = case.integer(0, len(shape) - 1)
        target = case.result(shape[:axis] + shape[axis + 1 :], dtype="int32")
        case.op(kind, [case.source(shape), case.constant(axis)], [target], options, outputType=2)

    return build


def resize(kind: str, options: str) -> Build:
    def build(case: Case) -> None:
        h, w, channels, oh, ow = case.integers(5, 1, 9)
        corners, centers = case.pick([(False, False), (True, False), (False, True)])
        quant = case.quant()
        x, target = case.source([1, h, w, channels], quant), case.result([1, oh, ow, channels], quant)
        case.op(kind, [x, case.constant([oh, ow])], [target], options, alignCorners=corners, halfPixelCenters=centers)

    return build


LAYERS: dict[str, Build] = {
    "CONV_2D": convolution("CONV_2D"),
    "DEPTHWISE_CONV_2D": convolution("DEPTHWISE_CONV_2D"),
    "FULLY_CONNECTED": fully_connected,
    "TRANSPOSE_CONV": transpose_conv,
    "AVERAGE_POOL_2D": pool("AVERAGE_POOL_2D"),
    "MAX_POOL_2D": pool("MAX_POOL_2D"),
    "MEAN": mean,
    "SOFTMAX": unary("SOFTMAX", "SoftmaxOptions", (1 / 256, -128), beta=[1.0, 0.5, 3.0]),
    "L2_NORMALIZATION": unary("L2_NORMALIZATION", "L2NormOptions", (1 / 128, 0)),
    "LOGISTIC": unary("LOGISTIC", quant=(1 / 256, -128)),
    "TANH": unary("TANH", quant=(1 / 128, 0)),
    "RELU": unary("RELU"),
    "RELU6": unary("RELU6"),
    "RELU_N1_TO_1": unary("RELU_N1_TO_1"),
    "RELU_0_TO_1": unary("RELU_0_TO_1"),
    "LEAKY_RELU": unary("LEAKY_RELU", "LeakyReluOptions", alpha=[0.0, 0.1, 0.3, 1.5]),
    "HARD_SWISH": hard_swish,
    "QUANTIZE": unary("QUANTIZE", "QuantizeOptions"),
    "ADD": pair("ADD", "AddOptions"),
    "SUB": pair("SUB", "SubOptions"),
    "MUL": pair("MUL", "MulOptions"),
    "MINIMUM": pair("MINIMUM", "MaximumMinimumOptions", one_scale=True),
    "MAXIMUM": pair("MAXIMUM", "MaximumMinimumOptions", one_scale=True),
    "PRELU": prelu,
    "BATCH_MATMUL": batch_matmul,
    "ARG_MAX": arg_extremum("ARG_MAX", "ArgMaxOptions"),
    "ARG_MIN": arg_extremum("ARG_MIN", "ArgMinOptions"),
    "RESIZE_BILINEAR": resize("RESIZE_BILINEAR", "ResizeBilinearOptions"),
    "RESIZE_NEAREST_NEIGHBOR": resize("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions"),
}
