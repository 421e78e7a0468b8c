import json
from pathlib import Path

import numpy as np
import pytest

from mcu_vision.errors import UserError
from mcu_vision.search.cost_model import FIGURES, describe_errors, fit_costs, network_features, read_costs
from mcu_vision.search.measured import Measured, read_measured, write_measured
from mcu_vision.search.random_networks import draw_network

MEASURED = Path(__file__).parents[3] / "benchmarks" / "results" / "network_costs.json"


def invented(count: int, seed: int) -> list[Measured]:
    """Networks whose cycles are a linear function of their features."""
    rows = []
    for index in range(count):
        network = draw_network(seed, index)
        cycles = sum((3 + len(name)) * size for name, size in network_features(network).items())
        rows.append(Measured(network, round(cycles), round(cycles / 2), round(cycles / 3), 1))
    return rows


def test_prices_of_a_linear_board_are_found() -> None:
    model = fit_costs(invented(150, 0), invented(20, 1), "board", "zig")
    for figure in FIGURES:
        assert model.held_out[figure]["r2"] > 0.999
        assert model.held_out[figure]["median_percent"] < 1


def split() -> tuple[list[Measured], list[Measured]]:
    """The networks that the package's model was fitted to, and all others that were measured."""
    lists = read_measured(MEASURED)
    drawn, count = list(lists["fit"].values()), read_costs().fitted_on
    return drawn[:count], [*lists["held_out"].values(), *drawn[count:]]


def test_bars_on_networks_that_the_fit_has_not_seen() -> None:
    fit, held_out = split()
    assert len(held_out) >= 50
    assert not {m.network.to_toml() for m in fit} & {m.network.to_toml() for m in held_out}
    model = fit_costs(fit, held_out, "stm32f439", "zig")
    for figure in FIGURES:
        assert model.held_out[figure]["r2"] >= 0.98, figure
        assert model.held_out[figure]["median_percent"] <= 5, figure
    for task in ("vww", "faces"):
        chosen = [m for m in held_out if m.network.task == task]
        errors = describe_errors(
            np.array([model.estimate(m.network) for m in chosen]), np.array([m.cycles for m in chosen], float)
        )
        assert errors["median_percent"] <= 5, task


def test_the_package_holds_the_fit_of_the_measured_networks() -> None:
    fit, held_out = split()
    fresh, kept = fit_costs(fit, held_out, "stm32f439", "zig"), read_costs()
    assert kept.held_out["cycles"] == pytest.approx(fresh.held_out["cycles"], rel=1e-3)
    for m in held_out[:10]:
        assert kept.estimate(m.network) == pytest.approx(fresh.estimate(m.network), rel=1e-3)


def test_measured_networks_are_those_that_the_draws_give() -> None:
    lists = read_measured(MEASURED)
    for name, seed in (("fit", 0), ("held_out", 1)):
        for index, m in list(lists[name].items())[:10]:
            assert any(draw_network(seed, index, attempt) == m.network for attempt in range(5))


def test_errors_in_figures() -> None:
    errors = describe_errors(np.array([110.0, 190.0, 300.0]), np.array([100.0, 200.0, 300.0]))
    assert errors == {"networks": 3, "r2": 0.99, "median_percent": 5.0, "p90_percent": 9.0, "max_percent": 10.0}


def test_files_come_back_and_wrong_ones_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "measured.json"
    assert read_measured(path) == {}
    lists = {"fit": dict(enumerate(invented(3, 0))), "held_out": dict(enumerate(invented(2, 1)))}
    write_measured(path, "stm32f439", lists)
    assert read_measured(path) == lists
    path.write_text("[]")
    with pytest.raises(UserError, match="holds no measured networks"):
        read_measured(path)
    with pytest.raises(UserError, match="is no cost model"):
        read_costs(path)
    path.write_text(json.dumps(read_costs().to_json()))
    assert read_costs(path) == read_costs()
    with pytest.raises(UserError, match="too few"):
        fit_costs([], [], "board", "zig")
