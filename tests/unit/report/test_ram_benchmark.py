"""The table of peak RAM: what it measures, how it marks a bar, and the models that it makes."""

import argparse
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import ram
import random_models
from graphs import tiny_classifier
from models import noise_images

from mcu_vision.errors import UserError
from mcu_vision.models.mobilenet_v2 import MobileNetV2
from mcu_vision.models.registry import MODELS
from mcu_vision.plan import PlanOptions
from mcu_vision.reference import run_graph
from mcu_vision.saved_model import load_graph, save_graph


def bar(goal: int, aim: int | None = None, *, arena_only: bool = False) -> ram.Bar:
    return ram.Bar("tiny", "tiny", PlanOptions(optimize="ram"), goal, aim, "nobody", arena_only)


def outcome(row: ram.Bar, time_ms: float | None = 1500.0) -> ram.Outcome:
    return ram.Outcome(row, {"sram": 900, "ccm": 100}, 700, 600, 12345, time_ms)


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    """For a table of one saved model."""
    save_graph(tiny_classifier(), tmp_path / "tiny.safetensors")
    monkeypatch.setattr(ram, "model_of", lambda bar, cache: str(tmp_path / "tiny.safetensors"))
    return argparse.Namespace(cache=tmp_path, board="stm32f439", toolchain="zig")


def test_a_row_is_built_run_and_compared(options: argparse.Namespace) -> None:
    measured = ram.measure_row(bar(100_000), options)
    planned = ram.plan_row(bar(100_000), options)
    assert measured.arena_bytes == planned.arena_bytes >= measured.lower_bound_bytes
    # Variables and stack come on top.
    assert measured.arena_bytes + 500 < measured.peak_bytes < measured.arena_bytes + 4_000
    assert measured.time_ms > 0


def test_a_byte_that_differs_fails_the_row(options: argparse.Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(options.cache / "tiny.safetensors")
    build = ram.build_model(path, "stm32f439", "zig", options.cache, PlanOptions())
    ram.check_bytes(build, build.program)
    calls = count()
    monkeypatch.setattr(ram, "run_graph", lambda graph, _: {name: np.full(3, next(calls)) for name in graph.outputs})
    with pytest.raises(UserError, match="the planned graph gives another"):
        ram.check_bytes(build, build.program)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (bar(1_000, 500), "<= 1 KB, aim 0.5: met"),
        (bar(1_000, 1_000), "<= 1 KB, aim 1: aim met"),
        (bar(999), "<= 0.999 KB: missed"),
        (bar(700, arena_only=True), "arena <= 0.7 KB: met"),
        (bar(699, arena_only=True), "arena <= 0.699 KB: missed"),
    ],
)
def test_bars(row: ram.Bar, expected: str) -> None:
    assert ram.describe_bar(outcome(row)) == expected


def test_markdown_and_json() -> None:
    columns = ram.HEADER.splitlines()[0].count("|")
    assert ram.markdown_row(outcome(bar(1_000))).count("|") == columns
    assert "| 1,000 | 900 + 100 | 700 | 600 | 1.50 s |" in ram.markdown_row(outcome(bar(1_000)))
    assert "| ~1,000 |  | 700 |" in ram.markdown_row(outcome(bar(1_000), None))
    items = {item["name"]: item for item in ram.benchmark_items(outcome(bar(800)))}
    assert items["tiny peak RAM"] == {
        "name": "tiny peak RAM",
        "value": 1000,
        "unit": "bytes",
        "goal": 800,
        "better": "lower",
    }
    assert items["tiny arena"]["goal"] is None
    assert "tiny time (planned)" not in {item["name"] for item in ram.benchmark_items(outcome(bar(800), None))}


def test_every_row_names_a_model() -> None:
    assert len({row.name for row in ram.BARS}) == len(ram.BARS)
    assert {row.model for row in ram.BARS} <= {*MODELS, *ram.UNREGISTERED}


def test_the_peers_network_has_the_maps_of_its_paper() -> None:
    model = ram.peer_mobilenet_v2()
    hidden = model.features[2][0].layers[0][0].out_channels
    assert 72 * 72 * hidden + 36 * 36 * hidden == 194_400


def test_random_models_are_kept_and_repeatable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random_models, "_fingerprint", lambda: "same")

    def build() -> MobileNetV2:
        return MobileNetV2(96, [4, 4, 4, 4, 4, 4, 4, 4, 32])

    path = random_models.random_model("small", tmp_path, build)
    first = path.read_bytes()
    assert random_models.random_model("small", tmp_path, lambda: pytest.fail("it is there")) == path
    path.unlink()
    random_models.random_model("small", tmp_path, build)
    assert path.read_bytes() == first
    graph = load_graph(path)
    assert graph.metadata["weights"] == "random"
    maps = run_graph(graph, noise_images(graph, 1)[0], keep_all=True)
    assert all(len(np.unique(values)) > 3 for name, values in maps.items() if name != graph.outputs[0])
