"""Work done twice to spare RAM: strips of the image, groups of channels, and plans that use them."""

from pathlib import Path

import numpy as np
import pytest
from graphs import GraphBuilder
from hypothesis import given, settings
from hypothesis import strategies as st
from models import noise_images
from replay import check_program

from mcu_vision import ops
from mcu_vision.codegen import generate_sources
from mcu_vision.errors import UserError
from mcu_vision.ir import Graph
from mcu_vision.ops import ReadRows
from mcu_vision.plan import ArenaRegion, PlanOptions, Program, plan_graph
from mcu_vision.plan.rewrite.fuse_blocks import find_blocks, fuse_all
from mcu_vision.plan.rewrite.pull_rows import pull_rows
from mcu_vision.plan.rewrite.split_channels import split_channels
from mcu_vision.plan.rewrite.split_strips import split_strips, strip_ends
from mcu_vision.reference import run_graph
from mcu_vision.toolchain import build_host_library
from mcu_vision.toolchain.host_model import HostModel
from mcu_vision.verify import host_execution, reference_execution, verify_executions

REGIONS = [ArenaRegion("sram", 1 << 20, dma=True)]


def assert_equal_outputs(graph: Graph, other: Graph, seed: int = 0) -> None:
    other.verify()
    image = noise_images(graph, 1, seed)[0]
    expected, actual = run_graph(graph, image), run_graph(other, image)
    for name in graph.outputs:
        np.testing.assert_array_equal(actual[name], expected[name])


def narrow_mobilenet(size: tuple[int, int] = (32, 40)) -> Graph:
    """Much smaller late than early, as networks are that strips pay for."""
    build = GraphBuilder("narrow", (*size, 3))
    x = build.conv("image", 8, 3, 2)
    for channels, stride in ((8, 2), (8, 1), (12, 2), (12, 1)):
        y = build.pointwise(build.depthwise(build.conv(x, 24, 1, 1, 0), stride=stride), channels)
        x = build.simple(ops.Add, x, y) if stride == 1 else y
    mean = build.simple(ops.Mean, build.conv(x, 64, 1, 1, 0))
    return build.finish(build.dense(mean, 3))


@st.composite
def chains(draw: st.DrawFn) -> Graph:
    """Everything that strips go through, in any order."""
    build = GraphBuilder("chain", (draw(st.integers(4, 14)), draw(st.integers(6, 24)), 2), draw(st.integers(0, 99)))
    x = build.conv("image", 3, 3, draw(st.sampled_from([1, 2])))
    for _ in range(draw(st.integers(1, 4))):
        shared = build.graph.tensors[x].quantization
        stride = draw(st.sampled_from([1, 2]))
        match draw(st.sampled_from(["conv", "dilated", "block", "max", "average", "relu", "residual"])):
            case "conv":
                x = build.conv(x, 4, draw(st.sampled_from([2, 3, 5])), stride, draw(st.integers(0, 1)))
            case "dilated":
                x = build.conv(x, 3, 3, pad=2, dilation=(2, 2))
            case "block":
                x = build.pointwise(build.depthwise(build.conv(x, 6, 1, 1, 0), stride=stride), 3)
            case "residual":
                y = build.pointwise(build.depthwise(build.conv(x, 6, 1, 1, 0)), build.graph.tensors[x].shape[3])
                x = build.simple(ops.Add, x, y)
            case "relu":
                x = build.simple(ops.Requantize, x, activation="relu")
            case kind:
                pool = ops.MaxPool2d if kind == "max" else ops.AveragePool2d
                x = build.simple(pool, x, quantization=shared, size=(3, 3), stride=(stride, 2), padding=(1,) * 4)
        if min(build.graph.tensors[x].shape[1:3]) < 3:
            break
    return build.finish(build.simple(ops.Mean, x))


@settings(max_examples=25, deadline=None)
@given(graph=chains(), recompute=st.booleans(), data=st.data())
def test_strips_mean_the_same_and_plan(graph: Graph, recompute: bool, data: st.DataObject) -> None:
    pulled = pull_rows(fuse_all(graph, find_blocks(graph), recompute))
    ends = strip_ends(pulled)
    assert ends
    end = data.draw(st.sampled_from(ends))
    width = pulled.tensors[pulled.ops[end].outputs[0]].shape[2]
    bounds = sorted({0, width, *data.draw(st.lists(st.integers(0, width), max_size=3))})
    split = split_strips(pulled, end, bounds)
    if split is None:  # an addition that is not part of a block reads its operands from different columns
        assert any(op.kind == "add" for op in pulled.ops)
        return
    strips, starts = split
    assert_equal_outputs(graph, strips)
    assert starts == tuple((end + 1) * (i + 1) for i in range(len(bounds) - 1))
    for mode in ("stream", "layers"):
        options = PlanOptions(schedule=mode)
        check_program(plan_graph(strips, REGIONS, 1 << 20, options), {"sram": 1 << 20})


@pytest.mark.parametrize("groups", [1, 3, 8])
def test_groups_of_channels_mean_the_same(groups: int) -> None:
    graph = narrow_mobilenet()
    split = split_channels(graph, groups)
    assert sum(op.kind == "mean" for op in split.ops) == groups
    assert split.macs() == graph.macs()
    assert_equal_outputs(graph, split)


def test_a_map_that_others_read_is_not_split() -> None:
    build = GraphBuilder("shared", (6, 6, 3))
    x = build.conv("image", 8)
    graph = build.finish(x, build.simple(ops.Mean, x))
    assert split_channels(graph, 4) is graph


def planned(graph: Graph, recompute: bool, budget: int = 1 << 20) -> Program:
    options = PlanOptions(optimize="ram", input="rows", recompute=recompute)
    program = plan_graph(graph, REGIONS, budget, options)
    check_program(program, {"sram": 1 << 20})
    assert_equal_outputs(graph, program.graph)
    return program


@pytest.fixture(scope="module")
def programs() -> tuple[Program, Program]:
    """A plan without and one with work done twice."""
    return planned(narrow_mobilenet(), False), planned(narrow_mobilenet(), True)


def test_recomputing_takes_less_memory_and_more_time(programs: tuple[Program, Program]) -> None:
    once, twice = programs
    assert twice.total_bytes < 0.7 * once.total_bytes
    assert twice.cycles_estimated > once.cycles_estimated
    assert twice.lower_bound_bytes <= twice.live_bytes().max()
    assert sum(isinstance(op, ReadRows) for op in once.graph.ops) == 1


def test_no_more_is_computed_twice_than_the_budget_asks_for(programs: tuple[Program, Program]) -> None:
    once, twice = programs
    for budget in (once.total_bytes, (once.total_bytes + twice.total_bytes) // 2):
        program = plan_graph(
            narrow_mobilenet(), REGIONS, budget, PlanOptions(optimize="time", input="rows", recompute=True)
        )
        assert program.total_bytes <= budget
        assert program.cycles_estimated < twice.cycles_estimated


def test_nothing_fits_below_the_smallest(programs: tuple[Program, Program]) -> None:
    with pytest.raises(UserError, match="would help"):
        planned(narrow_mobilenet(), True, programs[1].lower_bound_bytes - 1)


def test_strips_in_generated_code(tmp_path: Path) -> None:
    graph = pull_rows(fuse_all(narrow_mobilenet(), find_blocks(narrow_mobilenet()), recompute=True))
    split = split_strips(graph, 3, (0, 2, 6, 10))
    assert split is not None
    program = plan_graph(split[0], REGIONS, 1 << 20, PlanOptions(schedule="stream"))
    model = generate_sources(program, tmp_path)
    header, weights = ((tmp_path / f"{model.prefix}{end}").read_text() for end in (".h", "_weights.c"))
    assert "#define NARROW_INPUT_PASSES 3 " in header
    assert "always for the same image" in header
    assert weights.count(f"narrow_op{split[1][0] + 1}_weights[") == 0, "strips share their weights"
    host = HostModel(build_host_library(tmp_path, tmp_path / "model.so"), model.prefix)
    executions = {"reference": reference_execution(program), "host": host_execution(program, host)}
    outcome = verify_executions(program.graph, executions, noise_images(graph, 2))
    assert outcome.equal, outcome.first_difference
