"""The cost model against the emulator it was fitted to, on a model that it was not fitted to."""

from pathlib import Path

import fit_costs
import numpy as np
import pytest
from cost_graphs import cost_graph
from graphs import tiny_detector
from models import BuiltModel

from mcu_vision.boards import load_board
from mcu_vision.cli.emulated import EmulatedModel
from mcu_vision.report import operator_rows
from mcu_vision.toolchain import find_toolchain, firmware_sources

LEAST_CYCLES = 50_000
"""Of an operator that is compared alone; smaller ones are mostly calls."""


def test_estimates_are_near_the_emulator(tmp_path: Path) -> None:
    built, board = BuiltModel.generate(tiny_detector(), tmp_path), load_board("stm32f439")
    image = find_toolchain("zig").build_firmware(firmware_sources(), tmp_path / "src", tmp_path / "zig", board)
    with EmulatedModel(image.elf, board, built.prefix) as emulated:
        steps = [step.cycles_0ws for step in emulated.infer().steps]
    estimated, measured = operator_rows(built.program), operator_rows(built.program, steps)
    assert sum(row.cycles for row in estimated) == pytest.approx(sum(steps), rel=0.1)
    for ours, theirs in zip(estimated, measured, strict=True):
        if theirs.cycles > LEAST_CYCLES:
            assert ours.cycles == pytest.approx(theirs.cycles, rel=0.25), ours.name


def test_nine_in_ten_operators_of_unseen_shapes_are_estimated_within_15_percent() -> None:
    seeds = (20_001, 20_002)
    samples = [s for seed in seeds for s in fit_costs.measure(seed, cost_graph(seed), "zig")]
    for figure in fit_costs.FIGURES:
        errors = [
            abs(s.estimates[figure] / s.cycles[figure] - 1)
            for s in samples
            if s.cycles[figure] >= fit_costs.LEAST_CYCLES
        ]
        assert len(errors) > 12
        assert np.quantile(errors, 0.9) < 0.15, figure
