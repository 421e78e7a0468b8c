from dataclasses import replace

import pytest
from graphs import GraphBuilder

from mcu_vision import ops
from mcu_vision.errors import UserError
from mcu_vision.ir import Graph
from mcu_vision.plan.lower_bound import lower_bound_bytes
from mcu_vision.plan.rewrite.gather_rows import LARGE_PIXELS, MOST_SCRATCH, gather_rows


def network(height: int, width: int) -> Graph:
    build = GraphBuilder("network", (height, width, 8))
    x = build.pointwise(build.depthwise("image"), 16)
    return build.finish(build.conv(x, 4))


def test_small_pointwise_maps_are_made_in_one_step() -> None:
    graph = gather_rows(network(6, 6))
    assert [op.steps(graph) for op in graph.ops][:2] == [1, 1]
    pointwise = graph.ops[1]
    assert pointwise.rows_written(graph, 0) == (0, 6)
    assert pointwise.windows(graph) == [None]
    assert pointwise.kernel(graph).params["out_w"] == 36


def test_large_pointwise_maps_and_single_rows_stay() -> None:
    graph = gather_rows(network(20, 20))
    assert [op.steps(graph) for op in graph.ops][:2] == [1, 20]
    assert [op.steps(graph) for op in gather_rows(graph, LARGE_PIXELS).ops][:2] == [1, 1]
    single = network(1, 6)
    assert gather_rows(single) is single


def test_depthwise_rows_share_steps_within_the_scratch() -> None:
    graph = gather_rows(network(45, 61))
    depthwise = graph.ops[0]
    assert isinstance(depthwise, ops.DepthwiseConv2d)
    assert depthwise.kernel(graph).scratch_bytes <= MOST_SCRATCH
    assert depthwise.step_rows % 2 == 0
    assert depthwise.step_rows > 2
    assert [depthwise.rows_written(graph, step) for step in (0, depthwise.steps(graph) - 1)] == [
        (0, depthwise.step_rows),
        (depthwise.step_rows * (depthwise.steps(graph) - 1), 45),
    ]


def test_an_odd_number_of_rows_a_step_is_refused() -> None:
    graph = network(6, 6)
    with pytest.raises(UserError, match="cannot make 3 rows in a step"):
        replace(graph.ops[0], step_rows=3).infer_shape(  # type: ignore[call-arg]
            [graph.tensors[name] for name in graph.ops[0].inputs]
        )


def test_the_lower_bound_is_that_of_rows() -> None:
    graph = network(6, 6)
    assert lower_bound_bytes(gather_rows(graph)) == lower_bound_bytes(graph)


def test_only_1x1_convolutions_can_be_whole() -> None:
    graph = network(6, 6)
    conv = next(op for op in graph.ops if isinstance(op, ops.Conv2d) and not op.is_pointwise(graph))
    with pytest.raises(UserError, match="only a 1x1 convolution"):
        replace(conv, whole=True).infer_shape([graph.tensors[name] for name in conv.inputs])
