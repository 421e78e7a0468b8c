from dataclasses import replace

import pytest
from graphs import GraphBuilder, tiny_classifier, tiny_detector

from mcu_vision import ops
from mcu_vision.ir import Graph, Op
from mcu_vision.plan import estimate_cycles
from mcu_vision.plan.cost import ANY, read_costs
from mcu_vision.plan.rewrite.fuse_blocks import find_blocks, fuse_block
from mcu_vision.plan.work import count_work

LEAST_SAMPLES = 7
"""Operators of which an error of a kernel's model is told."""


def only(graph: Graph, kind: type[Op]) -> Op:
    return next(op for op in graph.ops if isinstance(op, kind))


def convolutions(width: int = 40, channels: int = 16) -> Graph:
    build = GraphBuilder("convolutions", (12, width, 8))
    x = build.conv("image", channels)
    return build.finish(build.pointwise(build.depthwise(x), 8))


@pytest.mark.parametrize("make", [tiny_detector, tiny_classifier, convolutions])
def test_every_operator_takes_time_and_more_with_wait_states(make: object) -> None:
    graph = make()  # type: ignore[operator]
    for op in graph.ops:
        assert 0 < estimate_cycles(graph, op) <= 1.05 * estimate_cycles(graph, op, flash=True)


@pytest.mark.parametrize("kind", [ops.Conv2d, ops.DepthwiseConv2d])
def test_smaller_tiles_take_longer(kind: type[Op]) -> None:
    graph = convolutions()
    op = only(graph, kind)
    cycles = [estimate_cycles(graph, replace(op, tile_pixels=tile)) for tile in (2, 4, 8, 40)]  # type: ignore[call-arg]
    assert cycles == sorted(cycles, reverse=True)
    assert cycles[0] > 1.2 * cycles[-1]


def test_a_tile_is_no_wider_than_the_row() -> None:
    graph = convolutions(width=20)
    op = only(graph, ops.Conv2d)
    wide, row = (replace(op, tile_pixels=tile) for tile in (48, 20))  # type: ignore[call-arg]
    assert estimate_cycles(graph, wide) == estimate_cycles(graph, row)


def test_recomputed_rows_cost_what_they_are() -> None:
    graph = tiny_detector()
    block = find_blocks(graph)[0]
    fused = {again: fuse_block(graph, block, 8, again) for again in (False, True)}
    op = {again: next(o for o in g.ops if o.kind == "inverted_bottleneck") for again, g in fused.items()}
    kept, again = (estimate_cycles(fused[key], op[key]) for key in (False, True))
    assert again > 1.1 * kept
    parts = sum(estimate_cycles(graph, o) for o in graph.ops if o.name in block.ops)
    assert kept == pytest.approx(parts, rel=0.35)


def test_expanded_rows_are_counted_once_or_for_each_window() -> None:
    graph = tiny_detector()
    block = find_blocks(graph)[0]
    rows, in_c = graph.input.rows // 8, 32
    for again, times in ((False, 1), (True, 3)):
        fused = fuse_block(graph, block, 8, again)
        op = next(o for o in fused.ops if o.kind == "inverted_bottleneck")
        expand = next(w for w in count_work(op, fused) if w.counts["inputs"] and w.kernel == "pointwise")
        padding = 2 if again else 0  # rows of the windows that lie outside
        assert expand.counts["inputs"] == (times * rows - padding) * 8 * in_c


def test_kernels_without_a_model_are_priced_all_the_same() -> None:
    kernels = read_costs()["kernels"]
    assert ANY in kernels
    for name, entry in kernels.items():
        for figure in ("cycles", "cycles_flash"):
            assert entry[figure], name
            assert all(price > 0 for price in entry[figure].values())


def test_models_of_kernels_hold_where_they_were_not_fitted() -> None:
    for name, entry in read_costs()["kernels"].items():
        if "held_out" in entry:
            assert entry["held_out"]["operators"] >= LEAST_SAMPLES, name
            assert entry["held_out"]["p90_percent"] < 15, name


def test_products_that_are_kept_cost_less() -> None:
    build = GraphBuilder("pool", (24, 40, 4))
    graph = build.finish(build.rnn_pool("image", (16, 16), patch=(8, 8), stride=4))
    op = only(graph, ops.RnnPool)
    kept = replace(op, keep_products=True)
    assert 0.8 * estimate_cycles(graph, op) < estimate_cycles(graph, kept) < estimate_cycles(graph, op)
    assert kept.kernel(graph).state_bytes == op.kernel(graph).state_bytes + 2 * 4 * 40 * 16


def test_fours_of_a_row_are_cheaper_than_what_is_left() -> None:
    graphs = {}
    for width in (7, 8):
        build = GraphBuilder("requantize", (9, width, 1))
        graphs[width] = build.finish(build.simple(ops.Requantize, "image", activation="relu"))
    counts = {width: count_work(graph.ops[0], graph)[0].counts for width, graph in graphs.items()}
    assert (counts[7]["fours"], counts[7]["rest"], counts[7]["part_rows"]) == (9, 27, 9)
    assert (counts[8]["fours"], counts[8]["rest"], counts[8]["part_rows"]) == (18, 0, 0)
    assert counts[8]["clamped_fours"] in (0, 18)
