"""Weights in RAM: which, where, and no more than there is room for."""

import numpy as np
import pytest
from graphs import GraphBuilder, tiny_classifier, tiny_detector
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_vision import ops
from mcu_vision.codegen.lower import c_identifier, lower_program
from mcu_vision.ir import Graph
from mcu_vision.plan import ArenaRegion, PlanOptions, Program, plan_graph
from mcu_vision.plan.constant_reads import kernel_constants

TIME = PlanOptions(optimize="time")
WAIT_STATES = 5


def plan(graph: Graph, options: PlanOptions = TIME, sram: int = 190 << 10, ccm: int = 60 << 10) -> Program:
    regions = [ArenaRegion("sram", sram, dma=True), ArenaRegion("ccm", ccm, dma=False)]
    return plan_graph(graph, regions, options.ram_bytes or sram + ccm, options, WAIT_STATES)


def with_lookup() -> Graph:
    build = GraphBuilder("lookup", (80, 80, 8), 3)
    table = build._constant("table", np.arange(-128, 128).astype(np.int8))
    x = build.add_op(ops.Lookup("lookup", ("image", table), ("lookup.out",)), build.quantization())
    return build.finish(build.conv(build.conv(x, 2, 3, 2), 4, 3, 2))


def test_what_is_read_most_goes_where_dma_cannot() -> None:
    program = plan(with_lookup())
    promoted = {constant.constant: constant for constant in program.promoted}
    assert program.promoted[0].op == "lookup"
    assert promoted["table"].size_bytes == 256
    assert promoted["table"].cycles_saved == 80 * 80 * 8 * WAIT_STATES // 2
    assert {constant.region for constant in program.promoted} == {"ccm"}
    assert program.promoted_bytes == {"sram": 0, "ccm": sum(c.size_bytes for c in program.promoted)}
    arrays = {array.name: array for op in lower_program(program).operators for array in op.arrays}
    assert {name for name, array in arrays.items() if array.region} == {
        f"lookup_op{[op.name for op in program.graph.ops].index(c.op)}_{c_identifier(c.constant)}"
        for c in program.promoted
    }


def test_balanced_only_while_the_product_of_ram_and_time_falls() -> None:
    fast, balanced = plan(with_lookup()), plan(with_lookup(), PlanOptions())
    assert [constant.constant for constant in balanced.promoted] == ["table"]
    assert len(fast.promoted) > 1
    (table,) = balanced.promoted
    ram, cycles = balanced.total_bytes, balanced.cycles_estimated
    assert (ram + table.size_bytes) * (cycles - table.cycles_saved) < ram * cycles


@pytest.mark.parametrize(
    "options",
    [PlanOptions(optimize="ram"), PlanOptions(optimize="time", promote_weights=False), PlanOptions(schedule="layers")],
)
def test_where_none_is_moved(options: PlanOptions) -> None:
    assert plan(with_lookup(), options).promoted == ()


def test_memory_without_wait_states_gains_nothing() -> None:
    regions = [ArenaRegion("sram", 190 << 10, dma=True)]
    assert plan_graph(with_lookup(), regions, 190 << 10, TIME).promoted == ()


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([with_lookup(), tiny_detector(), tiny_classifier()]), st.integers(0, 3000), st.booleans())
def test_no_more_than_is_free(graph: Graph, spare: int, of_regions: bool) -> None:
    without = plan(graph, PlanOptions(optimize="time", promote_weights=False))
    budget = without.total_bytes + spare
    if of_regions:
        program = plan(graph, TIME, without.arena_bytes["sram"] + spare // 2, without.arena_bytes["ccm"] + spare // 2)
        for region, size in program.promoted_bytes.items():
            assert program.arena_bytes[region] + size <= without.arena_bytes[region] + spare // 2
    else:
        program = plan(graph, PlanOptions(optimize="time", ram_bytes=budget))
    assert program.total_bytes + sum(program.promoted_bytes.values()) <= budget


def test_equal_constants_are_one() -> None:
    build = GraphBuilder("equal", (40, 40, 4), 3)
    table = build._constant("table", np.arange(-128, 128).astype(np.int8))
    x = "image"
    for index in range(3):
        y = build.conv(x, 4)
        x = build.add_op(
            ops.Lookup(f"lookup{index}", (y, table), (f"lookup{index}.out",)), build.graph.tensors[y].quant
        )
    program = plan(build.finish(x))
    tables = [constant for constant in program.promoted if constant.constant == "table"]
    assert [constant.size_bytes for constant in tables] == [256, 0, 0]
    (lines,) = {kernel_constants(op, program.graph)[0].lines for op in program.graph.ops if op.kind == "lookup"}
    assert tables[0].cycles_saved == 3 * lines * WAIT_STATES
