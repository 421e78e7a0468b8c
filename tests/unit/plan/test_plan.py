from itertools import pairwise

import numpy as np
import pytest
from graphs import GraphBuilder, tiny_classifier, tiny_detector
from hypothesis import given, settings
from hypothesis import strategies as st
from replay import check_program

from mcu_vision import ops
from mcu_vision.codegen.lower import lower_program
from mcu_vision.errors import UserError
from mcu_vision.ir import Graph
from mcu_vision.plan import ArenaRegion, PlanOptions, Program, plan_graph
from mcu_vision.plan.buffer import aligned
from mcu_vision.plan.buffers import collect_buffers
from mcu_vision.plan.op_facts import FactsOfOps
from mcu_vision.plan.rewrite.order_ops import order_ops
from mcu_vision.plan.row_rules import row_rules
from mcu_vision.plan.schedule import schedule_steps
from mcu_vision.plan.segments import measure_segments

SRAM, CCM = 190 << 10, 60 << 10
REGIONS = [ArenaRegion("sram", SRAM, dma=True), ArenaRegion("ccm", CCM, dma=False)]


def plan(graph: Graph, mode: str = "auto", sram: int = SRAM, ccm: int = CCM) -> Program:
    regions = [ArenaRegion("sram", sram, dma=True), ArenaRegion("ccm", ccm, dma=False)]
    program = plan_graph(graph, regions, sram + ccm, PlanOptions(schedule=mode))
    check_program(program, {"sram": sram, "ccm": ccm})
    return program


@st.composite
def random_graphs(draw: st.DrawFn) -> Graph:
    """Chains and branches of row operators with strides, paddings, residuals and several outputs."""
    build = GraphBuilder("random", (draw(st.integers(1, 20)), draw(st.integers(3, 12)), draw(st.integers(1, 3))))
    tensors = [build.conv("image", draw(st.sampled_from([2, 4])), 3, draw(st.sampled_from([1, 2])))]
    for _ in range(draw(st.integers(1, 6))):
        x = draw(st.sampled_from(tensors[-2:]))
        kind = draw(st.sampled_from(["conv", "pointwise", "depthwise", "add", "pool", "relu", "dilated", "concat"]))
        if kind == "conv":
            y = build.conv(x, 4, 3, draw(st.sampled_from([1, 2])))
        elif kind == "dilated":
            y = build.conv(x, 3, 3, pad=2, dilation=(2, 2))
        elif kind == "pointwise":
            y = build.pointwise(x, 4)
        elif kind == "depthwise":
            y = build.depthwise(x, stride=draw(st.sampled_from([1, 2])))
        elif kind == "pool":
            shared = build.graph.tensors[x].quantization
            y = build.simple(ops.MaxPool2d, x, quantization=shared, size=(3, 3), stride=(2, 2), padding=(1,) * 4)
        elif kind == "concat":
            z = build.conv(x, 2)
            shared = build.graph.tensors[x].quantization
            build.graph.tensors[z].quantization = shared
            y = build.simple(ops.Concat, x, z, x, quantization=shared)
        elif kind == "relu":
            y = build.simple(ops.Requantize, x, activation="relu")
        else:
            channels = build.graph.tensors[x].shape[3]
            y = build.simple(ops.Add, x, build.conv(x, channels))
        tensors.append(y)
    outputs = [tensors[-1]]
    if draw(st.booleans()):
        outputs.append(build.simple(ops.Mean, draw(st.sampled_from(tensors))))
    return build.finish(*dict.fromkeys(outputs))


@settings(max_examples=60, deadline=None)
@given(random_graphs(), st.sampled_from(["stream", "layers", "auto"]))
def test_every_row_is_there_when_it_is_read(graph: Graph, mode: str) -> None:
    program = plan(graph, mode)
    assert program.lower_bound_bytes <= program.live_bytes().max() <= program.total_bytes


@settings(max_examples=20, deadline=None)
@given(random_graphs(), st.sampled_from(["stream", "layers", "auto"]))
def test_an_image_that_is_preserved_survives(graph: Graph, mode: str) -> None:
    program = plan_graph(graph, REGIONS, SRAM + CCM, PlanOptions(schedule=mode, preserve_input=True))
    check_program(program, {"sram": SRAM, "ccm": CCM})
    assert program.graph.kept == {*graph.inputs, *graph.outputs}
    assert lower_program(program).input_preserved


@settings(max_examples=12, deadline=None)
@given(random_graphs(), st.floats(0.0, 1.0))
def test_a_budget_is_kept_or_refused(graph: Graph, share: float) -> None:
    smallest, fastest = (plan_graph(graph, REGIONS, SRAM, PlanOptions(optimize=o)) for o in ("ram", "time"))
    assert fastest.cycles_estimated <= smallest.cycles_estimated
    low, high = sorted((smallest.total_bytes, fastest.total_bytes))
    budget = int(low + share * (high - low))
    program = plan_graph(graph, REGIONS, budget)
    check_program(program, {"sram": SRAM, "ccm": CCM})
    assert program.total_bytes <= budget
    with pytest.raises(UserError, match="would help"):
        plan_graph(graph, REGIONS, program.lower_bound_bytes - 8)


@settings(max_examples=8, deadline=None)
@given(random_graphs())
def test_the_fastest_is_no_slower_than_layer_by_layer(graph: Graph) -> None:
    fastest = plan_graph(graph, REGIONS, SRAM, PlanOptions(optimize="time"))
    layers = plan_graph(graph, REGIONS, SRAM, PlanOptions(schedule="layers"))
    assert fastest.cycles_estimated <= layers.cycles_estimated


@settings(max_examples=12, deadline=None)
@given(random_graphs())
def test_segments_hold_what_their_buffers_do(graph: Graph) -> None:
    """The simulation of a stream never claims less than its buffers need, apart from what shares a ring."""
    graph = order_ops(graph)
    table = measure_segments(graph, 1 << 30, FactsOfOps())
    rules = row_rules(graph)
    for cuts in ((), (len(graph.ops) // 2,), tuple(range(1, len(graph.ops)))):
        schedule = schedule_steps(graph, rules, cuts)
        buffers = collect_buffers(graph, rules, schedule)
        if any(len(buffer.tensors) > 1 for buffer in buffers):
            continue
        scratch = np.array([aligned(op.kernel(graph).scratch_bytes) for op in graph.ops])
        order = np.array([item.op for item in schedule])
        held = sum(b.in_use.sum(0) * aligned(b.row_bytes) for b in buffers) - scratch[order]
        bounds = [0, *cuts, len(graph.ops)]
        for first, last in pairwise(bounds):
            for k in range(first, last):
                assert table.held[first, last, k] == held[order == k].max(), (cuts, k)


@pytest.mark.parametrize("mode", ["stream", "layers"])
@pytest.mark.parametrize("graph", [tiny_detector(), tiny_classifier()], ids=lambda g: g.name)
def test_whole_networks(graph: Graph, mode: str) -> None:
    plan(graph, mode)


def test_the_check_sees_a_ring_that_is_too_small() -> None:
    program = plan(tiny_detector(), "stream")
    ring = next(b for b in program.buffers if b.capacity == 3 and b.in_use.all(0).any())
    ring.places[2] = ring.places[0]
    with pytest.raises(AssertionError):
        check_program(program, {"sram": SRAM, "ccm": CCM})


def test_the_check_sees_overlapping_buffers() -> None:
    program = plan(tiny_detector(), "stream")
    first, second, *_ = (b for b in program.buffers if b.kind == "activation" and b.capacity == 3)
    second.places = list(first.places)
    with pytest.raises(AssertionError):
        check_program(program, {"sram": SRAM, "ccm": CCM})


def test_streaming_keeps_a_window_of_rows() -> None:
    build = GraphBuilder("chain", (64, 8, 1))
    x = build.conv("image", 4, 3)
    y = build.depthwise(x)
    program = plan(build.finish(build.simple(ops.Mean, y)), "stream")
    assert program.buffer_of(x).capacity == 3
    assert program.buffer_of(y).capacity == 1


def test_addition_shares_the_ring_of_an_input() -> None:
    build = GraphBuilder("residual", (16, 8, 1))
    x = build.conv("image", 4, 3)
    y = build.simple(ops.Add, x, build.pointwise(x, 4))
    z = build.conv(y, 2, 3)
    program = plan(build.finish(z), "layers")
    assert program.buffer_of(y) is program.buffer_of(x)


def test_addition_spares_an_input_that_is_read_again() -> None:
    build = GraphBuilder("reread", (16, 8, 1))
    x = build.conv("image", 4, 3)
    z = build.pointwise(x, 4)
    y = build.simple(ops.Add, x, z)
    graph = build.finish(build.simple(ops.Add, build.pointwise(y, 4), x))
    program = plan(graph, "layers")
    assert program.buffer_of(y) is not program.buffer_of(x)
    assert program.buffer_of(y) is program.buffer_of(z)


def test_small_first_region_spills_into_the_second() -> None:
    graph = tiny_detector()
    program = plan(graph, "stream", sram=5000, ccm=8000)
    assert program.arena_bytes["ccm"] > 0
    assert program.buffer_of("image").regions == ["sram"]


def test_too_large_a_model_names_the_step_and_the_buffers() -> None:
    with pytest.raises(
        UserError, match=r"needs [\d,]+ B of RAM at step \d+ .* row \d+.*largest there: \w+.*would help"
    ):
        plan(tiny_detector(), "auto", sram=4000, ccm=100)


def test_too_large_an_image_is_what_has_to_change() -> None:
    advice = r"\(sram 3,000, ccm 20,000\).*an image smaller than 64 x 48 x 1, or .*--input rows.* would help"
    with pytest.raises(UserError, match=advice):
        plan(tiny_detector(), "auto", sram=3000, ccm=20000)


def test_schedule_runs_every_step_once() -> None:
    graph = tiny_detector()
    rules = row_rules(graph)
    for cuts in ((), (7,), tuple(range(1, len(graph.ops)))):
        steps = schedule_steps(graph, rules, cuts)
        assert len(steps) == len(set(steps)) == sum(op.steps(graph) for op in graph.ops)
        assert all(b.size_bytes > 0 for b in collect_buffers(graph, rules, steps))


def test_a_float_graph_is_refused() -> None:
    graph = tiny_classifier()
    graph.input.dtype = "float32"
    with pytest.raises(UserError, match="not quantised"):
        plan_graph(graph, REGIONS, SRAM)


def test_an_image_pulled_row_by_row_takes_no_memory() -> None:
    build = GraphBuilder("pulled", (480, 640, 3))
    graph = build.finish(build.conv(build.conv("image", 4, 3, 2), 4, 3, 2))
    for mode in ("stream", "auto"):
        program = plan_graph(graph, REGIONS, SRAM, PlanOptions(schedule=mode, input="rows"))
        check_program(program, {"sram": SRAM, "ccm": CCM})
        assert program.pulls_rows
        assert program.buffer_of("image.rows").live_bytes().max() == 3 * 640 * 3
    with pytest.raises(UserError, match=r"fewer channels or an earlier stride at .* would help"):
        plan_graph(graph, REGIONS, 5000, PlanOptions(input="rows"))
