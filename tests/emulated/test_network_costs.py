"""The search's cost model against the emulated board, on networks measured anew."""

import json
from pathlib import Path

import pytest
from cli_runner import Cli

from mcu_vision.cli.candidates import measure_random_network
from mcu_vision.search.cost_model import read_costs

SEED = 2
"""Neither that of the fit nor that of the networks held out."""


@pytest.mark.parametrize("index", [0, 1, 2])
def test_estimates_are_near_the_board(index: int) -> None:
    measured = measure_random_network(SEED, index, "stm32f439", "zig")
    assert read_costs().estimate(measured.network) == pytest.approx(measured.cycles, rel=0.15)
    assert read_costs().estimate(measured.network, "instructions") == pytest.approx(measured.instructions, rel=0.15)


def test_the_verb_measures_what_its_file_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = Cli(tmp_path, capsys)
    cli("cost", "fit", "--out", "costs.json", "--data", "data.json", "--networks", "1", "--held-out", "2", code=2)
    assert "too few" in cli.errors.splitlines()[-1]
    data = json.loads((cli.folder / "data.json").read_text())
    assert {name: len(rows) for name, rows in data["networks"].items()} == {"fit": 1, "held_out": 2}
    assert not (cli.folder / "costs.json").exists()
    assert measure_random_network(0, 0, "stm32f439", "zig").to_json() == data["networks"]["fit"]["0"]
