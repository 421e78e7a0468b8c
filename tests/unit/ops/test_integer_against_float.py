"""Each operator's integers against its float meaning on the dequantised values, on random graphs."""

from dataclasses import replace

import numpy as np
import pytest
from graphs import GraphBuilder, tiny_classifier, tiny_detector
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_vision import ops
from mcu_vision.ir import Array, Graph, Op, Quantization
from mcu_vision.reference import run_graph

SEEDS = st.integers(0, 2**32 - 1)
SHARED = Quantization((1 / 255,), -128)


def dequantize(array: Array, quantization: Quantization) -> Array:
    """Real values; scales are as the kernels see them, in float32."""
    scales = np.array(quantization.scales, np.float32).astype(np.float64)
    shape = [1] * array.ndim
    if quantization.axis is not None:
        shape[quantization.axis] = -1
    return (array.astype(np.float64) - quantization.zero_point) * scales.reshape(shape)


def steps_apart(graph: Graph, op: Op, values: dict[str, Array]) -> float:
    """Largest distance of the integer result from the float one, in quantisation steps."""
    out = graph.tensors[op.outputs[0]].quant
    arrays = []
    for name in op.inputs:
        tensor = graph.tensors[name]
        if tensor.data is None:
            arrays.append(dequantize(values[name], tensor.quant))
        elif tensor.dtype == "int32":
            # The bias is in units of the products, which the builder's graphs do not write down.
            weights = graph.tensors[op.inputs[1]].quant
            product = np.float32(graph.tensors[op.inputs[0]].quant.scale) * np.array(weights.scales)
            arrays.append(tensor.data * product)
        else:
            arrays.append(dequantize(tensor.data, tensor.quant))
    expected = op.reference_float(*arrays)
    lowest, highest = ((np.float64(q) - out.zero_point) * out.scale for q in (-128, 127))
    clipped = np.clip(expected, lowest, highest)
    actual = dequantize(values[op.outputs[0]], out)
    return float(np.abs(actual - clipped).max() / out.scale)


def check_graph(graph: Graph, seed: int) -> None:
    image = np.random.default_rng(seed).integers(-128, 128, graph.input.shape).astype(np.int8)
    values = run_graph(graph, image, keep_all=True)
    for op in graph.ops:
        if not isinstance(op, (ops.RnnPool, ops.DecodeBoxes, ops.NonMaxSuppression)):
            assert steps_apart(graph, op, values) <= 1.0, op


@pytest.mark.parametrize("make", [tiny_detector, tiny_classifier])
@pytest.mark.parametrize("seed", range(4))
def test_whole_graphs(make: object, seed: int) -> None:
    check_graph(make(seed), seed)  # type: ignore[operator]


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 5), st.integers(1, 2), st.integers(0, 2), st.integers(1, 2), st.booleans())
def test_convolutions(seed: int, kernel: int, stride: int, pad: int, dilation: int, depthwise: bool) -> None:
    build = GraphBuilder("g", (11, 13, 3), seed)
    if depthwise:
        x = build.depthwise("image", kernel, stride, pad)
    else:
        x = build.conv("image", 5, kernel, stride, pad, dilation=(dilation, dilation))
    check_graph(build.finish(x), seed)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from(["none", "relu", "relu6"]))
def test_add_mean_dense_requantize(seed: int, activation: str) -> None:
    build = GraphBuilder("g", (6, 7, 4), seed)
    a = build.simple(ops.Requantize, "image")
    b = build.pointwise("image", 4)
    c = build.simple(ops.Add, a, b, activation=activation)
    d = build.simple(ops.Requantize, c, activation=activation)
    check_graph(build.finish(build.dense(d, 3), build.simple(ops.Mean, c)), seed)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 4), st.integers(1, 3), st.booleans())
def test_pools(seed: int, size: int, stride: int, padded: bool) -> None:
    build = GraphBuilder("g", (9, 8, 3), seed)
    more = {"size": (size, size), "stride": (stride, stride), "padding": (int(padded and size > 1),) * 4}
    a = build.simple(ops.MaxPool2d, "image", quantization=SHARED, **more)
    b = build.simple(ops.AveragePool2d, "image", quantization=SHARED, **more)
    check_graph(build.finish(build.simple(ops.Concat, a, b, quantization=SHARED)), seed)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(7, 9))
def test_l2_normalize_and_softmax(seed: int, bits: int) -> None:
    build = GraphBuilder("g", (5, 4, 24), seed)
    x = build.simple(ops.Requantize, "image")
    n = build.simple(ops.L2Normalize, x, quantization=Quantization((2.0**-bits,), 0), out_bits=bits)
    s = build.simple(ops.Softmax, x, quantization=Quantization((1 / 256,), -128))
    check_graph(build.finish(n, s), seed)


def test_l2_normalize_of_zero_is_zero() -> None:
    build = GraphBuilder("g", (1, 1, 4))
    graph = build.finish(build.simple(ops.L2Normalize, "image", quantization=Quantization((1 / 128,), 0)))
    result = run_graph(graph, np.full((1, 1, 1, 4), -128, np.int8))
    assert not result[graph.outputs[0]].any()


def test_a_wrong_rounding_is_noticed() -> None:
    """The comparison itself must be able to fail."""
    graph = tiny_classifier()
    conv = graph.ops[0]
    image = np.random.default_rng(0).integers(-128, 128, graph.input.shape).astype(np.int8)
    values = run_graph(graph, image, keep_all=True)
    out = graph.tensors[conv.outputs[0]]
    out.quantization = replace(out.quant, zero_point=out.quant.zero_point + 2)
    assert steps_apart(graph, conv, values) > 1.0
