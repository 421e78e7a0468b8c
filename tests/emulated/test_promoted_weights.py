"""Constants that the planner moves to RAM: equal bytes, and as many waits for flash fewer as it says."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from graphs import GraphBuilder
from models import noise_images

from mcu_vision import ops
from mcu_vision.boards import load_board
from mcu_vision.cli.planning import plan_for_board
from mcu_vision.codegen import generate_sources
from mcu_vision.emulate.unicorn_board import UnicornBoard
from mcu_vision.ir import Graph
from mcu_vision.plan import PlanOptions, Program
from mcu_vision.plan.constant_reads import kernel_constants
from mcu_vision.plan.rewrite.fuse_blocks import find_blocks, fuse_all
from mcu_vision.toolchain import find_toolchain, firmware_sources
from mcu_vision.verify import emulated_execution, reference_execution, verify_executions

BOARD = load_board("stm32f439")


def network() -> Graph:
    """Kernels that read their constants in different ways."""
    build = GraphBuilder("promoted", (132, 140, 3), 5)
    table = build._constant("table", build.random.integers(-128, 128, 256).astype(np.int8))
    x = build.add_op(ops.Lookup("lookup", ("image", table), ("lookup.out",)), build.quantization())
    x = build.conv(build.conv(x, 8, 3, 2), 16, 3)
    x = build.pointwise(build.depthwise(build.pointwise(x, 48)), 16)
    x = build.pointwise(build.depthwise(x), 24)
    return build.finish(build.dense(build.simple(ops.Mean, x), 5))


def misses(board: UnicornBoard) -> dict[str, int]:
    return {item.name: count for item, count in board.flash_data_misses().items()}


class Run:
    """A program on the emulated board: cycles that it waits for flash, and for each constant."""

    def __init__(self, program: Program, folder: Path) -> None:
        sources = folder / "src"
        sources.mkdir(parents=True)
        prefix = generate_sources(program, sources).prefix
        image = find_toolchain("zig").build_firmware(firmware_sources(), sources, folder / "out", BOARD)
        with UnicornBoard(image.elf, BOARD) as board:
            board.boot()
            calls, before = board.record_calls(f"{prefix}_invoke"), misses(board)
            executions = {
                "reference": reference_execution(program),
                "emulated": emulated_execution(program, board, prefix),
            }
            outcome = verify_executions(program.graph, executions, noise_images(program.graph, 1))
            assert outcome.equal, outcome.first_difference
            self.instructions, self.cycles = calls[0].instructions, calls[0].cycles_flash_model
            after = misses(board)
        self.waits = {name: BOARD.flash_wait_states * (after[name] - before.get(name, 0)) for name in after}


def expected(program: Program, prefix: str) -> Mapping[str, int]:
    """Waits for each constant of a block of bytes that is worth a look."""
    return {
        f"{prefix}_op{index}_{constant.field.replace('.', '_')}": BOARD.flash_wait_states * constant.lines
        for index, op in enumerate(program.graph.ops)
        for constant in kernel_constants(op, program.graph)
        if constant.size_bytes > 128
    }


@pytest.mark.parametrize("fused", [False, True])
def test_waits_are_as_planned(fused: bool, tmp_path: Path) -> None:
    graph = network()
    graph = fuse_all(graph, find_blocks(graph)) if fused else graph
    options = PlanOptions(optimize="time", input="rows", promote_weights=False)
    program = plan_for_board(graph, BOARD, options)
    run = Run(program, tmp_path)
    planned = expected(program, "promoted")
    assert len(planned) >= 5
    for name, waits in planned.items():
        assert run.waits[name] == pytest.approx(waits, rel=0.3, abs=500), name


def test_promotion_saves_what_it_says(tmp_path: Path) -> None:
    fast = PlanOptions(optimize="time")
    program = plan_for_board(network(), BOARD, fast)
    plain = Run(
        plan_for_board(network(), BOARD, PlanOptions(optimize="time", promote_weights=False)), tmp_path / "plain"
    )
    promoted = Run(program, tmp_path / "promoted")
    saved = sum(constant.cycles_saved for constant in program.promoted)
    assert saved > 100_000
    assert promoted.instructions == plain.instructions
    assert plain.cycles - promoted.cycles == pytest.approx(saved, rel=0.2)
