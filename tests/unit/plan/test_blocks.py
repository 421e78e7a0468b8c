"""Which bytes a step may touch."""

import pytest
from graphs import GraphBuilder, tiny_classifier, tiny_detector

from mcu_vision import ops
from mcu_vision.ir import Graph, RowWindow
from mcu_vision.plan import ArenaRegion, Block, PlanOptions, Program, plan_graph

REGIONS = [ArenaRegion("sram", 190 << 10, dma=True), ArenaRegion("ccm", 60 << 10, dma=False)]


def plan(graph: Graph, schedule: str = "stream") -> Program:
    return plan_graph(graph, REGIONS, 250 << 10, PlanOptions(schedule=schedule))


def blocks_of(program: Program, op: str, step: int) -> dict[str, Block]:
    """By owner; the output of an addition in place has an owner of its own."""
    position = next(i for i, s in enumerate(program.schedule) if program.graph.ops[s.op].name == op and s.step == step)
    return {block.owner: block for block in program.blocks(position)}


@pytest.mark.parametrize(("step", "rows"), [(0, [1, 3]), (1, [0, 2, 4]), (5, [4, 6])])
def test_rows_of_a_dilated_window(step: int, rows: list[int]) -> None:
    assert list(RowWindow(1, -1, 5, dilation=2).rows(step, 8)) == rows


def test_rows_of_a_window_with_a_lead() -> None:
    window = RowWindow(1, 1, 1, lead=2)
    assert [list(window.rows(step, 4)) for step in range(4)] == [[0, 1], [2], [3], []]


def test_a_convolution_touches_its_window_its_row_and_its_scratch() -> None:
    build = GraphBuilder("dilated", (9, 7, 1))
    x = build.conv("image", 3)
    program = plan(build.finish(build.conv(x, 5, pad=2, dilation=(2, 2))))
    blocks = blocks_of(program, "conv2d1", 4)
    assert list(blocks) == [*(f"{x} row {row}" for row in (2, 4, 6)), "conv2d1.out row 4", "conv2d1.scratch"]
    assert [block.size for block in blocks.values()] == [21, 21, 21, 35, program.scratch_of("conv2d1").row_bytes]  # type: ignore[union-attr]
    assert [block.writable for block in blocks.values()] == [False, False, False, True, True]
    assert [block.fresh for block in blocks.values()] == [False, False, False, True, True]


def test_a_row_written_in_place_holds_what_is_read() -> None:
    build = GraphBuilder("in-place", (9, 7, 2))
    x = build.conv("image", 2)
    y = build.pointwise(x, 2)
    build.finish(build.conv(build.simple(ops.Add, x, y), 2))
    blocks = blocks_of(plan(build.graph), "add2", 3)
    out = blocks["add2.out row 3"]
    shared = [block for block in blocks.values() if block.offset == out.offset]
    assert len(shared) == 2
    assert out.writable
    assert not any(block.fresh for block in blocks.values())


@pytest.mark.parametrize("graph", [tiny_detector(), tiny_classifier()], ids=lambda g: g.name)
@pytest.mark.parametrize("schedule", ["stream", "layers", "auto"])
def test_what_is_written_was_free(graph: Graph, schedule: str) -> None:
    """No fresh block lies over another block of its step, and each is inside its arena."""
    program = plan(graph, schedule)
    for position in range(len(program.schedule)):
        blocks = program.blocks(position)
        for block in blocks:
            assert 0 <= block.offset <= program.arena_bytes[block.region] - block.size
            assert not block.fresh or not any(block.overlaps(other) for other in blocks if other is not block)
