from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from graphs import GraphBuilder
from hypothesis import given, settings
from hypothesis import strategies as st
from models import BuiltModel, noise_images
from replay import check_program

from mcu_vision import ops
from mcu_vision.errors import UserError
from mcu_vision.ir import Graph, Quantization
from mcu_vision.plan import ArenaRegion, PlanOptions, estimate_cycles, plan_graph
from mcu_vision.plan.rewrite.expand_into_depthwise import (
    MOST_SCRATCH,
    expand_into_depthwise,
    join_pair,
    replace_pair,
)
from mcu_vision.plan.rewrite.gather_rows import gather_rows
from mcu_vision.reference import run_graph
from mcu_vision.verify import verify_executions

WIDE = Quantization((0.03,), -128)


def network(height: int = 13, width: int = 18, hidden: int = 16, stride: int = 1, seed: int = 0) -> Graph:
    build = GraphBuilder("network", (height, width, 3), seed)
    wide = build.conv(build.conv("image", 8), hidden, 1, 1, 0, activation="relu")
    build.graph.tensors[wide].quantization = WIDE
    return build.finish(build.pointwise(build.depthwise(wide, 3, stride), 5))


def joined(graph: Graph, rows: int) -> Graph:
    op = next(op for op in graph.ops if op.kind == "depthwise_conv2d")
    pair = join_pair(graph, op)
    assert pair is not None
    graph = replace_pair(graph, op, replace(pair, step_rows=rows))
    graph.verify()
    return graph


@settings(max_examples=25, deadline=None)
@given(
    size=st.tuples(st.integers(3, 14), st.integers(4, 12)),
    stride=st.sampled_from([1, 2]),
    rows=st.sampled_from([2, 4, 14]),
    mode=st.sampled_from(["stream", "layers"]),
    seed=st.integers(0, 99),
)
def test_pairs_mean_the_same_and_plan(size: tuple[int, int], stride: int, rows: int, mode: str, seed: int) -> None:
    graph = network(*size, stride=stride, seed=seed)
    pair = joined(graph, rows)
    assert pair.macs() == graph.macs()
    image = noise_images(graph, 1)[0]
    np.testing.assert_array_equal(*(run_graph(g, image)[graph.outputs[0]] for g in (pair, graph)))
    program = plan_graph(pair, [ArenaRegion("sram", 1 << 20, dma=True)], 1 << 20, PlanOptions(schedule=mode))
    check_program(program, {"sram": 1 << 20})


def test_pairs_are_joined_where_that_is_faster() -> None:
    graph = network(30, 40, 64)
    pair = expand_into_depthwise(graph)
    (op,) = (op for op in pair.ops if isinstance(op, ops.ExpandDepthwise))
    parts = [o for o in graph.ops if o.name not in {other.name for other in pair.ops} or o.name == op.name]
    assert [part.kind for part in parts] == ["conv2d", "depthwise_conv2d"]
    assert estimate_cycles(pair, op) < sum(estimate_cycles(graph, part) for part in parts)
    assert op.kernel(pair).scratch_bytes <= MOST_SCRATCH
    assert op.rows_written(pair, op.steps(pair) - 1)[1] == 30
    gathered = gather_rows(network(4, 6, 64))
    assert expand_into_depthwise(gathered) is gathered


def test_the_planner_takes_pairs_where_memory_allows() -> None:
    program = plan_graph(
        network(30, 40, 64), [ArenaRegion("sram", 1 << 20, dma=True)], 1 << 20, PlanOptions(optimize="time")
    )
    assert any(op.kind == "expand_depthwise" for op in program.graph.ops)


@pytest.mark.parametrize("change", ["read twice", "output", "zero point", "channels", "activation", "input"])
def test_other_pairs_stay(change: str) -> None:
    graph = network(hidden=18 if change == "channels" else 16)
    expand, depthwise = (next(op for op in graph.ops if op.inputs[1].startswith(k)) for k in ("conv2d1", "depthwise"))
    wide = expand.outputs[0]
    if change == "read twice":
        graph.ops.append(ops.Mean("mean", (wide,), ("mean.out",)))
        graph.tensors["mean.out"] = replace(graph.tensors[wide], name="mean.out", shape=(1, 16))
    elif change == "output":
        graph.outputs = (*graph.outputs, wide)
    elif change == "zero point":
        graph.tensors[wide].quantization = Quantization((0.03,), -127)
    elif change == "activation":
        expand.activation = "relu_n1_to_1"  # type: ignore[attr-defined]
    elif change == "input":
        expand.stride = (2, 2)  # type: ignore[attr-defined]
    assert (join_pair(graph, depthwise) is None) == (change != "")
    assert join_pair(network(), next(op for op in network().ops if op.name == depthwise.name)) is not None


def test_odd_steps_and_other_stages_are_refused() -> None:
    graph = joined(network(), 2)
    op = next(op for op in graph.ops if isinstance(op, ops.ExpandDepthwise))
    inputs = [graph.tensors[name] for name in op.inputs]
    with pytest.raises(UserError, match="cannot make 3 rows"):
        replace(op, step_rows=3).infer_shape(inputs)


@pytest.mark.parametrize(("stride", "rows"), [(1, 4), (2, 2), (1, 14)])
def test_a_pair_runs_on_the_board(stride: int, rows: int, tmp_path: Path) -> None:
    graph = joined(network(stride=stride), rows)
    built = BuiltModel.generate(graph, tmp_path)
    outcome = verify_executions(built.program.graph, built.executions(emulated=True), noise_images(graph, 2))
    assert outcome.equal, outcome.first_difference
