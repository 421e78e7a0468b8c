"""Dead channels: equal bytes without them, and which of them go."""

import numpy as np
import pytest
from graphs import GraphBuilder, tiny_classifier, tiny_detector
from hypothesis import given
from hypothesis import strategies as st
from models import noise_images

from mcu_vision import ops
from mcu_vision.ir import Graph, Quantization
from mcu_vision.plan.rewrite.remove_dead_channels import remove_dead_channels
from mcu_vision.reference import run_graph

LAYERS = (ops.Conv2d, ops.DepthwiseConv2d, ops.Dense)
LOW, HIGH = -(1 << 20), 8000
"""Biases: with one a dead channel holds its activation's least value, with the other mostly something else."""


def kill(graph: Graph, tensor: str, channels: list[int], bias: int | None = LOW) -> None:
    """Zero the filters that write `channels` of `tensor`; LOW makes them the least value of an activation."""
    op = graph.producer(tensor)
    assert isinstance(op, LAYERS)
    weights, biases = op.constant(graph, 1), op.constant(graph, 2)
    weights[(..., channels) if isinstance(op, ops.DepthwiseConv2d) else channels] = 0
    if bias is not None:
        biases[channels] = bias


def channels(graph: Graph, tensor: str) -> int:
    return graph.tensors[tensor].shape[-1]


def removed(graph: Graph) -> Graph:
    """The graph without dead channels, of which the outputs have equal bytes and nothing more can go."""
    result = remove_dead_channels(graph)
    images = np.concatenate([*noise_images(graph, 2), np.full(graph.input.shape, -128, np.int8)])
    expected, found = run_graph(graph, images), run_graph(result, images)
    for name in graph.outputs:
        np.testing.assert_array_equal(found[name], expected[name])
    assert remove_dead_channels(result) is result
    for op in result.ops:
        op.kernel(result)
    return result


@st.composite
def graphs_with_dead_channels(draw: st.DrawFn) -> Graph:
    """Chains and branches of all kinds of operators, some filters and some input weights zero."""
    build = GraphBuilder("dead", (draw(st.integers(6, 12)), draw(st.integers(6, 12)), 2), draw(st.integers(0, 99)))
    tensors = [build.conv("image", 4, 3, draw(st.sampled_from([1, 2])), draw(st.sampled_from([0, 1])))]
    for _ in range(draw(st.integers(2, 8))):
        x = draw(st.sampled_from(tensors[-3:]))
        shape = build.graph.tensors[x].shape
        kinds = ["conv", "pointwise", "depthwise", "add", "max", "average", "relu", "concat", "norm"]
        if min(shape[1:3]) >= 4:
            kinds += ["pool", "conv inside", "depthwise inside"]
        tensors.append(add_operator(build, x, draw(st.sampled_from(kinds)), draw))
    outputs = {tensors[-1], draw(st.sampled_from(tensors))}
    if draw(st.booleans()):
        outputs.add(build.dense(draw(st.sampled_from(tensors)), 3))
    if draw(st.booleans()):
        outputs.add(build.dense(build.simple(ops.Mean, draw(st.sampled_from(tensors))), 3))
    graph = build.finish(*sorted(outputs))
    for op in graph.ops:
        if isinstance(op, LAYERS):
            zero_weights(graph, op, draw)
    return graph


def add_operator(build: GraphBuilder, x: str, kind: str, draw: st.DrawFn) -> str:
    """The output of a new operator of `kind` on `x`."""
    depth, shared = channels(build.graph, x), build.graph.tensors[x].quantization
    if kind.startswith("conv"):
        return build.conv(x, draw(st.integers(1, 5)), 3, draw(st.sampled_from([1, 2])), int(kind == "conv"))
    if kind.startswith("depthwise"):
        return build.depthwise(x, 3, draw(st.sampled_from([1, 2])), int(kind == "depthwise"))
    if kind == "pointwise":
        return build.pointwise(x, draw(st.integers(1, 5)))
    if kind == "add":
        return build.simple(ops.Add, x, build.pointwise(x, depth))
    if kind == "concat":
        other = build.conv(x, 3)
        build.graph.tensors[other].quantization = shared
        return build.simple(ops.Concat, x, other, quantization=shared)
    if kind == "relu":
        return build.simple(ops.Requantize, x, activation="relu")
    if kind == "norm":
        return build.simple(ops.L2Normalize, x, quantization=Quantization((1 / 128,), 0))
    if kind == "pool":
        return build.rnn_pool(x, (4, 2), patch=(4, 4), stride=2)
    pool = ops.MaxPool2d if kind == "max" else ops.AveragePool2d
    padding = (1, 1, 1, 1)
    return build.simple(pool, x, quantization=shared, size=(3, 3), stride=(2, 2), padding=padding)


def zero_weights(graph: Graph, op: ops.Conv2d | ops.DepthwiseConv2d | ops.Dense, draw: st.DrawFn) -> None:
    """Some filters and some weights of input channels become zero."""
    outputs = channels(graph, op.outputs[0])
    bias = draw(st.sampled_from([None, HIGH, LOW]))
    kill(graph, op.outputs[0], draw(st.lists(st.integers(0, outputs - 1), max_size=outputs)), bias)
    if not isinstance(op, ops.DepthwiseConv2d):
        depth = channels(graph, op.inputs[0])
        unread = draw(st.lists(st.integers(0, depth - 1), max_size=2))
        weights = op.constant(graph, 1)
        weights.reshape(-1, depth)[:, unread] = 0


@given(graphs_with_dead_channels())
def test_outputs_keep_their_bytes(graph: Graph) -> None:
    result = removed(graph)
    assert result.macs() <= graph.macs()
    assert (result is graph) == all(result.tensors[n].shape == t.shape for n, t in graph.tensors.items())


@pytest.mark.parametrize("graph", [tiny_detector(), tiny_classifier()], ids=lambda g: g.name)
def test_a_graph_without_dead_channels_stays_the_same_object(graph: Graph) -> None:
    assert removed(graph) is graph


def test_dead_channels_go_through_a_padded_depthwise_layer_as_zero_points() -> None:
    build = GraphBuilder("separable", (8, 8, 3))
    x = build.conv("image", 8)
    y = build.depthwise(x)
    z = build.pointwise(y, 4)
    graph = build.finish(z)
    kill(graph, x, [0, 3, 4])
    kill(graph, y, [7])
    result = removed(graph)
    # Channel 7 of x is alive, but only the dead channel of y reads it.
    assert [channels(result, name) for name in (x, y, z)] == [4, 4, 4]
    assert result.macs() == 64 * (4 * 27 + 4 * 9 + 4 * 4)


@pytest.mark.parametrize("pad", [0, 1])
@pytest.mark.parametrize("bias", [HIGH, LOW])
@pytest.mark.parametrize("kind", ["depthwise", "conv"])
def test_padding_keeps_a_constant_that_is_not_the_zero_point(kind: str, bias: int, pad: int) -> None:
    build = GraphBuilder("padded", (8, 8, 3))
    x = build.conv("image", 4)
    build.graph.tensors[x].quantization = Quantization((0.01,), -100)
    y = build.depthwise(x, pad=pad) if kind == "depthwise" else build.conv(x, 4, pad=pad)
    graph = build.finish(build.pointwise(y, 2))
    kill(graph, x, [1], bias)
    assert channels(removed(graph), x) == (4 if pad and bias > 0 else 3)


def test_a_window_that_never_reaches_the_padding_reads_constants() -> None:
    build = GraphBuilder("unreached", (8, 8, 3))
    x = build.conv("image", 4)
    y = build.conv(x, 4, 2, 2, 0, padding=(0, 0, 1, 1))
    graph = build.finish(y)
    kill(graph, x, [1], bias=HIGH)
    assert channels(removed(graph), x) == 3


def test_the_constant_goes_into_the_bias() -> None:
    build = GraphBuilder("bias", (4, 4, 3))
    x = build.conv("image", 4)
    build.graph.tensors[x].quantization = Quantization((0.01,), -100)
    y = build.pointwise(x, 2)
    graph = build.finish(y)
    kill(graph, x, [2], bias=HIGH)
    producer, reader = graph.ops
    value = run_graph(graph, noise_images(graph, 1)[0], keep_all=True)[x][0, 0, 0, 2]
    weights = reader.constant(graph, 1)[:, 0, 0, 2].astype(int)
    above_zero = int(value) - graph.tensors[x].quant.zero_point
    assert above_zero > 0
    expected = reader.constant(graph, 2) + weights * above_zero
    result = removed(graph)
    np.testing.assert_array_equal(result.ops[1].constant(result, 2), expected)
    assert producer.constant(graph, 1).shape[0] == 4, "the graph given is left as it is"


def test_a_channel_that_nobody_reads_goes() -> None:
    build = GraphBuilder("unread", (8, 8, 3))
    x = build.conv("image", 6)
    y, z = build.conv(x, 4), build.pointwise(x, 4)
    graph = build.finish(y, z)
    for op in graph.ops[1:]:
        op.constant(graph, 1)[..., [1, 5]] = 0
    graph.ops[1].constant(graph, 1)[..., 2] = 0
    assert channels(removed(graph), x) == 4


def test_addition_needs_both_operands_constant() -> None:
    build = GraphBuilder("residual", (8, 8, 3))
    x, y = build.conv("image", 6), build.conv("image", 6)
    z = build.simple(ops.Add, x, y)
    graph = build.finish(build.pointwise(z, 2))
    kill(graph, x, [0, 1, 2], bias=HIGH)
    kill(graph, y, [2, 3], bias=None)
    result = removed(graph)
    assert [channels(result, name) for name in (x, y, z)] == [5, 5, 5]


def test_concatenation_loses_slices() -> None:
    build = GraphBuilder("slices", (8, 8, 3))
    shared = build.quantization()
    x, y = build.conv("image", 3), build.conv("image", 5)
    for name in (x, y):
        build.graph.tensors[name].quantization = shared
    z = build.simple(ops.Concat, x, y, quantization=shared)
    graph = build.finish(build.pointwise(z, 2))
    kill(graph, x, [0])
    kill(graph, y, [1, 4])
    result = removed(graph)
    assert [channels(result, name) for name in (x, y, z)] == [2, 3, 5]


def test_outputs_and_normalised_maps_keep_all_channels() -> None:
    build = GraphBuilder("kept", (8, 8, 3))
    x, y = build.conv("image", 4), build.conv("image", 4)
    graph = build.finish(x, build.simple(ops.L2Normalize, y, quantization=Quantization((1 / 128,), 0)))
    for name in (x, y):
        kill(graph, name, [1])
    assert removed(graph) is graph


def test_rnn_pool_reads_no_zero_points() -> None:
    build = GraphBuilder("pooled", (16, 16, 3))
    x = build.conv("image", 6)
    build.graph.tensors[x].quantization = Quantization((0.01,), -100)
    graph = build.finish(build.rnn_pool(x, patch=(8, 8), stride=4))
    kill(graph, x, [0])
    kill(graph, x, [3], bias=HIGH)
    graph.ops[1].constant(graph, 1)[:, 5] = 0
    assert channels(removed(graph), x) == 4


def test_a_map_of_constants_keeps_one_channel() -> None:
    build = GraphBuilder("constant", (8, 8, 3))
    x = build.conv("image", 4)
    y = build.simple(ops.Mean, build.pointwise(x, 5))
    graph = build.finish(build.dense(y, 3))
    kill(graph, x, [0, 1, 2, 3], bias=HIGH)
    result = removed(graph)
    assert [channels(result, op.outputs[0]) for op in result.ops] == [1, 1, 1, 3]


def test_layers_may_share_weights() -> None:
    build = GraphBuilder("shared", (8, 8, 3))
    x = build.conv("image", 4)
    y, z = build.conv(x, 4), build.conv(x, 4)
    graph = build.finish(build.pointwise(y, 2), z)
    graph.ops[2].inputs = (x, *graph.ops[1].inputs[1:])
    kill(graph, y, [2])
    result = removed(graph)
    assert [channels(result, name) for name in (y, z)] == [3, 4]


def test_a_bias_at_the_limit_of_the_accumulator() -> None:
    build = GraphBuilder("limit", (4, 4, 3))
    x = build.conv("image", 4)
    y = build.pointwise(x, 2)
    build.graph.tensors[y].quantization = Quantization((1.0,), 0)
    graph = build.finish(y)
    kill(graph, x, [2], bias=1 << 20)
    reader = graph.ops[1]
    reader.constant(graph, 2)[:] = [(1 << 30) - 150_000, -(1 << 30) + 150_000]
    reader.kernel(graph)
    assert channels(removed(graph), x) == 3


def test_half_of_a_mobilenet() -> None:
    """All that is left is the network of half the width."""

    def mobilenet(first: int) -> Graph:
        build = GraphBuilder("mobilenet", (32, 32, 3))
        x = build.conv("image", first, 3, 2)
        for factor, stride in ((2, 1), (4, 2), (4, 1), (8, 2), (8, 1)):
            x = build.pointwise(build.depthwise(x, stride=stride), first * factor)
            build.graph.ops[-1].activation = "relu6"
        return build.finish(build.dense(build.simple(ops.Mean, x), 2))

    graph = mobilenet(8)
    for op in graph.ops:
        if isinstance(op, ops.Conv2d):
            kill(graph, op.outputs[0], list(range(0, channels(graph, op.outputs[0]), 2)))
    half = mobilenet(4)
    result = removed(graph)
    assert [result.tensors[op.outputs[0]].shape for op in result.ops] == [
        half.tensors[op.outputs[0]].shape for op in half.ops
    ]
    assert result.macs() == half.macs() < 0.4 * graph.macs()
