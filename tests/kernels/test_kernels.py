"""Every kernel gives the bytes of its operator's integer reference, on the host and on the target."""

from typing import Any

import numpy as np
import one_op
import pytest
from driver import assert_equal_to_reference, random_input, run_in_place, run_operator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from machine import Array, Machine

from mcu_vision import ops
from mcu_vision.ir import Graph

GRAPHS = {
    "conv": one_op.conv(),
    "first_conv": one_op.first_conv(),
    "conv_carry": one_op.conv_carry(),
    "winograd": one_op.winograd(),
    "pointwise": one_op.pointwise(),
    "depthwise": one_op.depthwise(),
    "depthwise_rows": one_op.depthwise_rows(),
    "inverted_bottleneck": one_op.inverted_bottleneck(),
    "expand_depthwise": one_op.expand_depthwise(),
    "dense": one_op.dense(),
    "add": one_op.pair(ops.Add),
    "sub": one_op.pair(ops.Sub),
    "mul": one_op.pair(ops.Mul),
    "prelu": one_op.pair(ops.Prelu),
    "batch_matmul": one_op.batch_matmul(),
    "minimum": one_op.pair(ops.Minimum),
    "maximum": one_op.pair(ops.Maximum),
    "max_pool": one_op.pool(ops.MaxPool2d),
    "average_pool": one_op.pool(ops.AveragePool2d),
    "mean": one_op.simple(ops.Mean),
    "sum": one_op.simple(ops.Sum),
    "squared_difference": one_op.pair(ops.SquaredDifference),
    "requantize": one_op.simple(ops.Requantize),
    "l2_normalize": one_op.simple(ops.L2Normalize),
    "group_norm": one_op.group_norm(),
    "softmax": one_op.simple(ops.Softmax),
    "log_softmax": one_op.simple(ops.LogSoftmax),
    "concat": one_op.concat(),
    "lookup": one_op.lookup(),
    "rearrange": one_op.rearrange(),
    "select": one_op.select(),
    "constant": one_op.constants(),
    "resize_bilinear": one_op.resize_bilinear(),
    "arg_max": one_op.arg_extremum(ops.ArgMax),
    "arg_min": one_op.arg_extremum(ops.ArgMin),
    "rnn_pool": one_op.rnn_pool(),
    "decode_boxes": one_op.decode_boxes(),
}

FEW = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.mark.parametrize("name", GRAPHS)
def test_equals_the_integer_reference(name: str, machine: Machine) -> None:
    @FEW
    @given(graph=GRAPHS[name], seed=one_op.SEEDS, extreme=st.booleans())
    def check(graph: Graph, seed: int, extreme: bool) -> None:
        random = np.random.default_rng(seed)
        inputs = [random_input(t, random, extreme) for t in graph.ops[0].activations(graph)]
        assert_equal_to_reference(machine, graph, inputs)

    check()


def test_suppression_equals_the_integer_reference(machine: Machine) -> None:
    @FEW
    @given(case=one_op.box_lists())
    def check(case: tuple[Graph, list[Array]]) -> None:
        assert_equal_to_reference(machine, *case)

    check()


def test_add_in_place(machine: Machine) -> None:
    """out may be one of the inputs."""
    params: dict[str, Any] = {"count": 37, "left_shift": 20, "out_min": -128, "out_max": 127}
    params |= {"a_multiplier": 1 << 30, "b_multiplier": 1 << 30, "out_multiplier": 1 << 30, "out_shift": -18}
    a = np.arange(-37, 0, dtype=np.int8)
    b = np.arange(0, 74, 2, dtype=np.int8)
    apart = np.zeros_like(a)
    machine.call("nn_add_s8", "nn_add", params, a, b, apart)
    machine.call("nn_add_s8", "nn_add", params, a, b, a)
    np.testing.assert_array_equal(a, apart)


def test_inverted_bottleneck_in_place(machine: Machine) -> None:
    """Each output row lies over the input row of its number."""

    @FEW
    @given(graph=one_op.inverted_bottleneck(in_place=True), seed=one_op.SEEDS)
    def check(graph: Graph, seed: int) -> None:
        op, x = graph.ops[0], random_input(graph.input, np.random.default_rng(seed))
        assert op.in_place_inputs(graph) == graph.inputs
        expected = run_operator(machine, graph, [x])
        np.testing.assert_array_equal(run_in_place(machine, graph, x), expected)

    check()


def test_copy(machine: Machine) -> None:
    row = np.arange(-50, 50, dtype=np.int8)
    out = np.zeros_like(row)
    machine.call("nn_copy_s8", "nn_copy", {"count": row.size}, row, out)
    np.testing.assert_array_equal(out, row)
