"""Graphs of one operator with random weights, scales and zero points, as hypothesis strategies."""

from math import prod
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from machine import Array

from mcu_vision import ops
from mcu_vision.ir import Graph, Op, Quantization, Tensor
from mcu_vision.ops.rnn_pool import CellFormat

ZERO_POINTS = st.sampled_from([-128, -127, -1, 0, 3, 127])
ACTIVATIONS = st.sampled_from(["none", "relu", "relu6", "relu_n1_to_1"])
TILES = st.sampled_from([1, 2, 3, 4, 7, 24, 40, 48])
SEEDS = st.integers(0, 2**32 - 1)


def one_op(op: Op, activations: list[Tensor], constants: dict[str, Tensor], out: Tensor) -> Graph:
    """A graph of `op` alone; its inputs are the activations, then the constants."""
    names = [t.name for t in activations]
    op.inputs, op.outputs = (*names, *constants), (out.name,)
    shape = op.infer_shape([*activations, *constants.values()])
    out = Tensor(out.name, shape, out.dtype, out.quantization)
    tensors = {t.name: t for t in [*activations, *constants.values(), out]}
    graph = Graph("one", tensors, [op], tuple(names), op.outputs)
    graph.verify()
    return graph


def activation(name: str, shape: tuple[int, ...], zero: int = 0, scale: float = 1.0) -> Tensor:
    return Tensor(name, shape, "int8", Quantization((scale,), zero))


def weighted(op: Op, shape: tuple[int, ...], weights_shape: tuple[int, ...], axis: int, draw: Any) -> Graph:
    """A graph of a convolution or dense layer with random scales and zero points."""
    constants = constants_of("", weights_shape, axis, draw)
    x, out = activation("x", shape, draw(ZERO_POINTS)), activation("out", (), draw(ZERO_POINTS))
    return one_op(op, [x], constants, out)


def constants_of(prefix: str, weights_shape: tuple[int, ...], axis: int, draw: Any) -> dict[str, Tensor]:
    """Weights and bias with which accumulators stay within the kernels' bound."""
    random = np.random.default_rng(draw(SEEDS))
    channels = weights_shape[axis]
    extreme = draw(st.booleans())
    weights = random.choice([-127, 127], weights_shape) if extreme else random.integers(-127, 128, weights_shape)
    taps = int(np.prod(weights_shape)) // channels
    # Real multipliers 2**-33 .. 2**5: shifts on both sides of zero, and some that round to nothing.
    exponents = random.uniform(-33, 5, channels) if draw(st.booleans()) else random.uniform(-11, -5, channels)
    scales = tuple(float(s) for s in np.exp2(exponents).astype(np.float32))
    bias = random.integers(-(taps << 13) - 300, (taps << 13) + 300, channels).astype(np.int32)
    constants = [
        Tensor(f"{prefix}weights", weights_shape, "int8", Quantization(scales, 0, axis), weights.astype(np.int8)),
        Tensor(f"{prefix}bias", (channels,), "int32", Quantization(scales, 0, 0), bias),
    ]
    return {tensor.name: tensor for tensor in constants}


def _window(draw: Any, largest: int) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int, int, int]]:
    """Kernel, stride and padding; each window of a pool must hold a cell, so padding is under the kernel."""
    kernel = draw(st.tuples(st.integers(1, largest), st.integers(1, largest)))
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    top, left, bottom, right = (draw(st.integers(0, kernel[i % 2] - 1)) for i in range(4))
    return kernel, stride, (top, left, bottom, right)


def _size(draw: Any, kernel: tuple[int, int], padding: tuple[int, ...], dilation: tuple[int, int] = (1, 1)) -> Any:
    least = [max(1, (kernel[i] - 1) * dilation[i] + 1 - padding[i] - padding[i + 2]) for i in range(2)]
    return draw(st.integers(least[0], least[0] + 3)), draw(st.integers(least[1], least[1] + 12))


@st.composite
def conv(draw: Any) -> Graph:
    kernel, stride, padding = _window(draw, 4)
    dilation = draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 2), (2, 3)]))
    h, w = _size(draw, kernel, padding, dilation)
    w += draw(st.sampled_from([0, 0, 0, 60]))
    in_c, out_c = draw(st.sampled_from([1, 2, 3, 4, 5, 7, 8])), draw(st.integers(1, 5))
    op = ops.Conv2d("conv", (), (), stride, dilation, padding, draw(ACTIVATIONS), draw(TILES))
    if dilation == (1, 1) and stride[1] <= kernel[1] and kernel != (1, 1):
        op.step_rows = draw(st.sampled_from([0, 2, 4, 6]))
    shape = (out_c, *kernel, in_c)
    if draw(st.booleans()):
        return weighted(op, (1, h, w, in_c), shape, 0, draw)
    constants = _mild_constants("", shape, 0, np.random.default_rng(draw(SEEDS)))
    x, out = activation("x", (1, h, w, in_c), draw(ZERO_POINTS)), activation("out", (), draw(ZERO_POINTS))
    return one_op(op, [x], constants, out)


@st.composite
def first_conv(draw: Any) -> Graph:
    """3x3 of one or three channels, of which kernels take four output channels at a time."""
    in_c, stride = draw(st.sampled_from([(1, 2), (3, 2), (3, 1)]))
    h, w, out_c = draw(st.integers(3, 9)), draw(st.integers(3, 40)), draw(st.sampled_from([4, 4, 5, 6, 8, 11, 12]))
    padding = draw(st.sampled_from([(0, 0, 0, 0), (1, 1, 1, 1), (0, 1, 0, 1), (1, 0, 2, 2)]))
    op = ops.Conv2d("conv", (), (), (stride, stride), (1, 1), padding, draw(ACTIVATIONS), draw(TILES))
    op.step_rows = draw(st.sampled_from([0, 2, 4, 6]))
    shape = (out_c, 3, 3, in_c)
    constants = _mild_constants("", shape, 0, np.random.default_rng(draw(SEEDS)))
    x = activation("x", (1, h, w, in_c), draw(ZERO_POINTS))
    out = activation("out", (), draw(st.just(-128) | ZERO_POINTS))
    return one_op(op, [x], constants, out)


@st.composite
def conv_carry(draw: Any) -> Graph:
    kernel, _, padding = _window(draw, 4)
    kernel = max(2, kernel[0]), kernel[1]
    h, w = _size(draw, kernel, padding)
    in_c, out_c = draw(st.sampled_from([4, 8, 12])), draw(st.integers(1, 5))
    op = ops.Conv2d("conv", (), (), (1, 1), (1, 1), padding, draw(ACTIVATIONS), draw(TILES), carry=True)
    graph = weighted(op, (1, h, w, in_c), (out_c, *kernel, in_c), 0, draw)
    assert op.carry_fits(graph)
    return graph


@st.composite
def winograd(draw: Any) -> Graph:
    """3x3 with shifts that the kernel takes; outputs over their whole range."""
    h, w, out_c = draw(st.integers(1, 10)), draw(st.integers(1, 19)), draw(st.integers(2, 5))
    in_c, padding = (
        draw(st.sampled_from([16, 16, 32, 64])),
        draw(st.sampled_from([(0, 0, 0, 0), (1, 1, 1, 1), (0, 0, 1, 1), (2, 2, 2, 2)])),
    )
    h, w = max(h, 3 - padding[0] - padding[2]), max(w, 3 - padding[1] - padding[3])
    op = ops.Conv2d("conv", (), (), (1, 1), (1, 1), padding, draw(ACTIVATIONS), winograd=True)
    random, shape = np.random.default_rng(draw(SEEDS)), (out_c, 3, 3, in_c)
    if draw(st.booleans()):
        constants = _mild_constants("", shape, 0, random)
    else:
        scales = tuple(float(s) for s in np.exp2(random.uniform(-17, -2, out_c)).astype(np.float32))
        weights = random.choice([-127, 127], shape).astype(np.int8)
        bias = random.integers(-(2**20), 2**20, out_c).astype(np.int32)
        constants = {"weights": Tensor("weights", shape, "int8", Quantization(scales, 0, 0), weights)}
        constants["bias"] = Tensor("bias", (out_c,), "int32", Quantization(scales, 0, 0), bias)
    x, out = activation("x", (1, h, w, in_c), draw(ZERO_POINTS)), activation("out", (), draw(ZERO_POINTS))
    graph = one_op(op, [x], constants, out)
    if op.activation == "none" and draw(st.booleans()):
        first, zeros = draw(st.integers(1, out_c - 1)), draw(st.tuples(ZERO_POINTS, ZERO_POINTS))
        op.parts = ((first, 1.0, zeros[0]), (out_c - first, 0.8, zeros[1]))
        graph.verify()
    assert op.winograd_fits(graph)
    return graph


@st.composite
def pointwise(draw: Any) -> Graph:
    w, out_c = draw(st.integers(1, 60)), draw(st.integers(1, 9))
    in_c = draw(st.one_of(st.integers(1, 40), st.sampled_from([64, 72, 128])))
    op = ops.Conv2d("conv", (), (), activation=draw(ACTIVATIONS), tile_pixels=draw(TILES), whole=draw(st.booleans()))
    shape = (out_c, 1, 1, in_c)
    if draw(st.booleans()):
        return weighted(op, (1, 2, w, in_c), shape, 0, draw)
    constants = _mild_constants("", shape, 0, np.random.default_rng(draw(SEEDS)))
    x, out = activation("x", (1, 2, w, in_c), draw(ZERO_POINTS)), activation("out", (), draw(ZERO_POINTS))
    return one_op(op, [x], constants, out)


@st.composite
def depthwise(draw: Any) -> Graph:
    kernel, stride, padding = _window(draw, 5)
    if draw(st.booleans()):
        kernel, padding = (3, 3), (1, 1, 1, 1)
    dilation = draw(st.sampled_from([(1, 1), (1, 1), (2, 2)]))
    h, w = _size(draw, kernel, padding, dilation)
    w += draw(st.sampled_from([0, 0, 0, 100]))
    channels = draw(st.integers(1, 9))
    op = ops.DepthwiseConv2d("depthwise", (), (), stride, dilation, padding, draw(ACTIVATIONS), draw(TILES))
    return weighted(op, (1, h, w, channels), (1, *kernel, channels), 3, draw)


@st.composite
def depthwise_rows(draw: Any) -> Graph:
    """3x3 with several rows a step."""
    stride, padding = draw(st.sampled_from([(1, 1), (2, 2)])), draw(st.sampled_from([(1,) * 4, (0,) * 4, (0, 0, 1, 1)]))
    h, w, channels = draw(st.integers(3, 13)), draw(st.integers(4, 24)), draw(st.integers(4, 9))
    op = ops.DepthwiseConv2d("depthwise", (), (), stride, (1, 1), padding, draw(ACTIVATIONS))
    op.step_rows = draw(st.sampled_from([2, 4, 6, 14]))
    if draw(st.booleans()):
        return weighted(op, (1, h, w, channels), (1, 3, 3, channels), 3, draw)
    constants = _mild_constants("", (1, 3, 3, channels), 3, np.random.default_rng(draw(SEEDS)))
    x, out = (activation(name, (1, h, w, channels), draw(ZERO_POINTS)) for name in ("x", "out"))
    return one_op(op, [x], constants, out)


@st.composite
def dense(draw: Any) -> Graph:
    inputs, outputs = draw(st.integers(1, 70)), draw(st.integers(1, 7))
    shape = draw(st.sampled_from([(1, inputs), (1, 3, inputs)]))
    return weighted(ops.Dense("dense", (), (), draw(ACTIVATIONS)), shape, (outputs, inputs), 0, draw)


SCALES = st.floats(2**-7, 3.0, width=32)


@st.composite
def inverted_bottleneck(draw: Any, in_place: bool = False) -> Graph:
    stages = draw(st.sampled_from(_CHAINS if not in_place else [c for c in _CHAINS if "expand" in c]))
    kernel, stride, padding = _window(draw, 5)
    if in_place:
        kernel = (max(2, kernel[0]), kernel[1])
    if "add" in stages or in_place:
        stride, padding = (1, 1), _same_size(draw, kernel)
    h, w = _size(draw, kernel, padding)
    h, w = h + draw(st.integers(0, 3)), w + draw(st.sampled_from([0, 0, 30]))
    padding, residual_x = _cropped(draw, padding, w) if "add" in stages and not in_place else (padding, 0)
    in_c = draw(st.integers(1, 9))
    same_c = "add" in stages or in_place
    out_c = in_c if same_c else draw(st.integers(1, 9))
    any_hidden = "expand" in stages and ("project" in stages or not same_c)
    hidden_c = draw(st.integers(1, 9)) if any_hidden else in_c
    shapes = {"expand": (hidden_c, 1, 1, in_c), "depthwise": (1, *kernel, hidden_c), "project": (out_c, 1, 1, hidden_c)}
    constants: dict[str, Tensor] = {}
    wild = draw(st.sampled_from([False, False, False, True]))
    random = np.random.default_rng(draw(SEEDS))
    for stage in (s for s in stages if s in shapes):
        axis = 3 if stage == "depthwise" else 0
        if wild:
            constants |= constants_of(f"{stage}.", shapes[stage], axis, draw)
        else:
            constants |= _mild_constants(f"{stage}.", shapes[stage], axis, random)
    # Room above for what a fused activation lets through, and little of it that saturates.
    zeros = st.sampled_from([-128, -100, -3, 5])
    op = ops.InvertedBottleneck(
        "block",
        (),
        (),
        stages,
        tuple(draw(ACTIVATIONS) for _ in stages),
        tuple((1 / 16, draw(zeros)) for _ in stages[1:]),
        stride,
        padding,
        draw(TILES),
        not in_place and draw(st.booleans()),
        residual_x=residual_x,
    )
    if op.recompute and {"expand", "project"} <= set(stages):
        op.group_channels = draw(st.sampled_from([0, 1, 3, 4, 8]))
    x, out = (activation(name, (1, h, w, in_c), draw(zeros), 1 / 16) for name in ("x", "out"))
    return one_op(op, [x], constants, out)


@st.composite
def expand_depthwise(draw: Any) -> Graph:
    """Both stages, several rows a step."""
    stride, padding = draw(st.sampled_from([(1, 1), (2, 2)])), draw(st.sampled_from([(1,) * 4, (0,) * 4, (0, 0, 1, 1)]))
    h, w = draw(st.integers(3, 13)), draw(st.integers(4, 24))
    in_c = draw(st.sampled_from([4, 8, 12, 16, 32, 36, 64, 96]))
    hidden = draw(st.sampled_from([4, 8, 12, 16]))
    random = np.random.default_rng(draw(SEEDS))
    shapes = {"expand": (hidden, 1, 1, in_c), "depthwise": (1, 3, 3, hidden)}
    constants = _mild_constants("expand.", shapes["expand"], 0, random, draw(st.sampled_from([0, 1, 2, 4])))
    if draw(st.booleans()):
        constants |= _mild_constants("depthwise.", shapes["depthwise"], 3, random)
    else:
        constants |= constants_of("depthwise.", shapes["depthwise"], 3, draw)
    scale = 2.0 ** draw(st.integers(-4, -1))
    op = ops.ExpandDepthwise("block", (), (), stride=stride, padding=padding)
    op.stage_activations = (draw(st.sampled_from(["relu", "relu6"])), draw(ACTIVATIONS))
    op.quantizations = ((min(scale, 6 / 255) if op.stage_activations[0] == "relu6" else scale, -128),)
    op.step_rows = draw(st.sampled_from([2, 4, 6, 14]))
    x = activation("x", (1, h, w, in_c), draw(ZERO_POINTS), scale)
    graph = one_op(op, [x], constants, activation("out", (), draw(ZERO_POINTS), scale))
    assume(op.rows_fit(graph))
    return graph


def _mild_constants(
    prefix: str, shape: tuple[int, ...], axis: int, random: np.random.Generator, spread: float = 0.0
) -> dict[str, Tensor]:
    """Weights and bias that keep random values about as large as they are, so that every input counts, or less for
    some channels: smaller by up to so many powers of two."""
    taps = int(np.prod(shape)) // shape[axis]
    weights = random.integers(-127, 128, shape).astype(np.int8)
    bias = random.integers(-3000, 3000, shape[axis]).astype(np.int32)
    gains = random.uniform(0.5, 1.5, shape[axis]) / (74 * taps**0.5) * 2 ** -random.uniform(0, spread, shape[axis])
    scales = Quantization(tuple(float(s) for s in gains.astype(np.float32)), 0, axis)
    constants = [Tensor(f"{prefix}weights", shape, "int8", scales, weights)]
    constants.append(Tensor(f"{prefix}bias", bias.shape, "int32", Quantization(scales.scales, 0, 0), bias))
    return {tensor.name: tensor for tensor in constants}


_CHAINS = [
    ("expand", "depthwise", "project", "add"),
    ("expand", "depthwise", "project", "add"),
    ("expand", "depthwise", "project"),
    ("depthwise", "project", "add"),
    ("depthwise", "project"),
    ("expand", "depthwise"),
    ("expand", "depthwise", "add"),
]


def _cropped(draw: Any, padding: tuple[int, int, int, int], width: int) -> tuple[tuple[int, int, int, int], int]:
    """Padding of a strip of a map, which reads columns of x beside those that it adds; the first of these."""
    top, left, bottom, right = padding
    before = draw(st.integers(0, min(left, width - 1)))
    after = draw(st.integers(0, min(right, width - 1 - before)))
    return (top, left - before, bottom, right - after), before


def _same_size(draw: Any, kernel: tuple[int, int]) -> tuple[int, int, int, int]:
    """Padding with which the output is as large as the input."""
    top, left = draw(st.integers(0, kernel[0] - 1)), draw(st.integers(0, kernel[1] - 1))
    return top, left, kernel[0] - 1 - top, kernel[1] - 1 - left


@st.composite
def pool(draw: Any, kind: type[Op]) -> Graph:
    kernel, stride, padding = _window(draw, 4)
    h, w = _size(draw, kernel, padding)
    zero, scale = draw(ZERO_POINTS), draw(SCALES)
    x = activation("x", (1, h, w, draw(st.integers(1, 6))), zero, scale)
    op = kind("pool", (), (), kernel, stride, padding, draw(ACTIVATIONS))  # type: ignore[call-arg, arg-type]
    return one_op(op, [x], {}, activation("out", (), zero, scale))


@st.composite
def simple(draw: Any, kind: type[Op]) -> Graph:
    """Operators of one input without attributes that matter to the kernel."""
    shape = (1, draw(st.integers(1, 4)), draw(st.integers(1, 5)), draw(st.integers(1, 9)))
    x, out = (activation(n, shape, draw(ZERO_POINTS), draw(SCALES)) for n in ("x", "out"))
    return one_op(kind("simple", (), ()), [x], {}, out)


@st.composite
def group_norm(draw: Any) -> Graph:
    groups = draw(st.integers(1, 4))
    channels = groups * draw(st.integers(1, 4))
    shape = (1, draw(st.integers(1, 6)), draw(st.integers(1, 9)), channels)
    random = np.random.default_rng(draw(SEEDS))
    constants = {
        name: Tensor(name, (channels,), "float32", None, random.normal(0, spread, channels).astype(np.float32))
        for name, spread in (("scale", 2), ("offset", 3))
    }
    op = ops.GroupNorm("norm", (), (), groups, draw(st.sampled_from([1e-5, 1e-3, 1.0])), draw(ACTIVATIONS))
    x = activation("x", shape, draw(ZERO_POINTS), draw(SCALES))
    graph = one_op(op, [x], constants, activation("out", (), draw(ZERO_POINTS), draw(SCALES)))
    op.convert(graph)
    return graph


@st.composite
def concat(draw: Any) -> Graph:
    channels = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    tensors = [activation(f"x{i}", (1, 2, 3, c)) for i, c in enumerate(channels)]
    return one_op(ops.Concat("concat", (), ()), tensors, {}, activation("out", ()))


@st.composite
def lookup(draw: Any) -> Graph:
    table = np.random.default_rng(draw(SEEDS)).integers(-128, 128, 256).astype(np.int8)
    x = activation("x", (1, draw(st.integers(1, 3)), 5, draw(st.integers(1, 9))))
    return one_op(
        ops.Lookup("lookup", (), ()), [x], {"t": Tensor("t", (256,), "int8", None, table)}, activation("out", ())
    )


@st.composite
def rearrange(draw: Any) -> Graph:
    view = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=6)))
    axes = tuple(draw(st.permutations(range(len(view)))))
    shape = tuple(view[a] for a in axes)
    if draw(st.booleans()):
        axes, shape = (
            tuple(range(len(view))),
            draw(st.sampled_from([(prod(view),), (prod(view), 1, 1), (1, 1, prod(view))])),
        )
    op = ops.Rearrange("rearrange", (), (), shape, view, axes)
    return one_op(op, [activation("x", (1, *view))], {}, activation("out", ()))


@st.composite
def select(draw: Any) -> Graph:
    size = draw(st.tuples(*[st.integers(1, 5)] * 3))
    picks = []
    for n in size:
        first, stride, before, after = (draw(st.integers(low, 2)) for low in (0, 1, 0, 0))
        regular = (-1,) * before + tuple(range(min(first, n - 1), n, stride)) + (-1,) * after
        places = st.lists(st.integers(-1, n - 1), min_size=1, max_size=6).map(tuple)
        picks.append(draw(st.one_of(st.just(()), st.just(regular), places)))
    op = ops.Select("select", (), (), *picks, fill=draw(st.integers(-128, 127)))
    return one_op(op, [activation("x", (1, *size))], {}, activation("out", ()))


@st.composite
def pair(draw: Any, kind: type[Op]) -> Graph:
    """Operators of two inputs and a fused activation."""
    shape = (1, draw(st.integers(1, 2)), draw(st.integers(1, 5)), draw(st.integers(1, 9)))
    a, b, out = (activation(n, shape, draw(ZERO_POINTS), draw(SCALES)) for n in ("a", "b", "out"))
    op = kind("pair", (), ())
    if "activation" in op.attributes():
        op = kind("pair", (), (), activation=draw(ACTIVATIONS))  # type: ignore[call-arg]
    return one_op(op, [a, b], {}, out)


@st.composite
def batch_matmul(draw: Any) -> Graph:
    batches, rows, columns, depth = (draw(st.integers(1, n)) for n in (3, 4, 4, 9))
    shapes = {"a": (1, batches, rows, depth), "b": (1, batches, columns, depth)}
    a, b = (activation(n, shape, draw(ZERO_POINTS), draw(SCALES)) for n, shape in shapes.items())
    out = activation("out", (), draw(ZERO_POINTS), draw(SCALES))
    return one_op(ops.BatchMatMul("matmul", (), ()), [a, b], {}, out)


@st.composite
def resize_bilinear(draw: Any) -> Graph:
    shape = (1, *draw(st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 4))))
    corners, centers = draw(st.sampled_from([(False, False), (True, False), (False, True)]))
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    op = ops.ResizeBilinear("resize", (), (), size, corners, centers)
    return one_op(op, [activation("x", shape)], {}, activation("out", ()))


@st.composite
def arg_extremum(draw: Any, kind: type[Op]) -> Graph:
    shape = (1, *draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)))
    return one_op(kind("arg", (), ()), [activation("x", shape)], {}, Tensor("out", (), "int32"))


@st.composite
def constants(draw: Any) -> Graph:
    shape = (1, draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 5)))
    values = np.random.default_rng(draw(SEEDS)).integers(-128, 128, shape).astype(np.int8)
    return one_op(
        ops.Constant("constant", (), ()), [], {"v": Tensor("v", shape, "int8", None, values)}, activation("out", ())
    )


def _cell(
    index: int, inputs: int, hidden: int, form: CellFormat, roomy: bool, random: np.random.Generator
) -> dict[str, Tensor]:
    """Weights as large as the sums of 32 bits allow, and biases to +-2 or of any size; or, if `roomy`, both such
    that pre-activations and the first cell's input products fit int16."""
    limit = 2**16 // hidden - 1
    w_limit = (2**16 if index == 2 else 2**22) // inputs - 1
    bias_limit = int(random.choice([2 << form.pre_bits, 32767 - (1 << form.pre_bits), 32767]))
    if roomy:
        bias_limit = (1 << 14) - (1 << form.pre_bits - 1) - 2
        limit = min(limit, (bias_limit << form.u_bits - form.pre_bits + 14 >> 14) // hidden)
        w_limit = min(w_limit, (1 << 14 << form.w_bits - form.pre_bits >> 8) // inputs)
    shapes = {"w": (hidden, inputs), "u": (hidden, hidden), "bias_z": (hidden,), "bias_h": (hidden,)}
    limits = {"w": w_limit, "u": limit, "bias_z": bias_limit, "bias_h": bias_limit}
    tensors = {}
    for key, shape in shapes.items():
        largest = min(limits[key], 32767)
        data = random.integers(-largest, largest + 1, shape).astype(np.int16)
        tensors[f"{key}{index}"] = Tensor(f"{key}{index}", shape, "int16", None, data)
    return tensors


@st.composite
def rnn_pool(draw: Any) -> Graph:
    stride = draw(st.integers(1, 5))
    patch = draw(st.tuples(st.integers(1, 6) | st.just(2 * stride), st.integers(1, 6)))
    sizes = st.sampled_from([8, 16]) | st.integers(1, 20)
    k, h1, h2 = draw(st.just(4) | st.integers(1, 9)), draw(sizes), draw(sizes)
    down, across = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    size = (patch[0] + stride * (down - 1) + draw(st.integers(0, 1)), patch[1] + stride * (across - 1))
    random = np.random.default_rng(draw(SEEDS))
    roomy = draw(st.booleans())
    constants: dict[str, Tensor] = {}
    formats = []
    for index, (inputs, hidden) in enumerate(((k, h1), (h1, h2)), 1):
        pre_bits = draw(st.integers(5, 13))
        zeta, nu = draw(st.sampled_from([(1 << 14, 0), (1 << 14, 0), (16000, 300), (20000, 16384)]))
        if roomy:
            zeta, nu = 1 << 14, 0
        w_bits = pre_bits + draw(st.integers(1, 18))
        formats.append(CellFormat(w_bits, draw(st.integers(max(1, pre_bits - 1), 15)), pre_bits, zeta, nu))
        constants |= _cell(index, inputs, hidden, formats[-1], roomy, random)
    smooth = draw(st.booleans()) and not roomy
    op = ops.RnnPool("pool", (), (), patch, stride, smooth, draw(st.booleans()))
    op.formats, op.out_bits, op.keep_products = tuple(formats), draw(st.integers(5, 14)), draw(st.booleans())
    x = activation("x", (1, *size, k), draw(ZERO_POINTS))
    return one_op(op, [x], constants, activation("out", ()))


@st.composite
def decode_boxes(draw: Any) -> Graph:
    anchors = tuple(draw(st.lists(st.integers(8, 300), min_size=1, max_size=3)))
    backgrounds, stride = draw(st.integers(1, 3)), draw(st.sampled_from([4, 8, 16]))
    h, w = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    offsets = activation("offsets", (1, h, w, 4 * len(anchors)), draw(ZERO_POINTS), draw(st.floats(0.01, 0.2)))
    shape = (1, h, w, len(anchors) * (backgrounds + 1))
    logits = activation("logits", shape, draw(ZERO_POINTS), draw(st.floats(0.005, 0.3)))
    op = ops.DecodeBoxes("decode", (), (), stride, anchors, backgrounds, (h * stride, w * stride))
    op.min_score, op.top_k = draw(st.sampled_from([0.0, 0.3, 0.6])), draw(st.integers(1, 12))
    return one_op(op, [offsets, logits], {}, Tensor("out", (), "int16"))


@st.composite
def box_lists(draw: Any) -> tuple[Graph, list[Array]]:
    """Non-maximum suppression, and lists as decoding leaves them: best first, then zeros."""
    random = np.random.default_rng(draw(SEEDS))
    sizes = draw(st.lists(st.integers(1, 12), min_size=1, max_size=5))
    tensors = [Tensor(f"list{i}", (1, n, 5), "int16") for i, n in enumerate(sizes)]
    op = ops.NonMaxSuppression("nms", (), (), draw(st.sampled_from([0.0, 0.3, 0.5, 1.0])), draw(st.integers(1, 9)))
    lists = []
    for size in sizes:
        boxes = random.integers(0, 400, (1, size, 5)).astype(np.int16)
        boxes[..., 2:4] = random.integers(1, 500, (1, size, 2))
        # Few different scores, so that there are ties; 0 marks unused places.
        boxes[..., 4] = -np.sort(-random.integers(0, 8, (1, size)))
        boxes[boxes[..., 4] == 0] = 0
        lists.append(boxes)
    return one_op(op, tensors, {}, Tensor("out", (), "int16")), lists
