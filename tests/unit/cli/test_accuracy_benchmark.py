"""The accuracy benchmark's own joints: its JSON."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = Path(__file__).resolve().parents[3] / "benchmarks" / "accuracy.py"
    spec = importlib.util.spec_from_file_location("accuracy_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_json_states_the_loss_against_its_bar(benchmark: ModuleType) -> None:
    figures = {"float": {"all.accuracy": 0.8, "negatives.photos_with_errors": 4}, "int8": {"all.accuracy": 0.79}}
    items = {i["name"]: i for i in benchmark.benchmark_items("m", figures)}
    assert items.keys() == {
        "m.all.accuracy (float)",
        "m.negatives.photos_with_errors (float)",
        "m.all.accuracy (int8)",
        "m.all.accuracy.loss (int8)",
    }
    assert items["m.all.accuracy.loss (int8)"] == {
        "name": "m.all.accuracy.loss (int8)",
        "value": 0.01,
        "unit": "accuracy",
        "goal": 0.005,
        "better": "lower",
    }


def test_bars_without_a_value_are_listed(benchmark: ModuleType) -> None:
    figures = {"host": {"fddb.8-64.ap": 0.7, "wider_val.>=16.ap": 0.5, "negatives.photos_with_errors": 3}}
    items = benchmark.benchmark_items("face-m4", figures)
    missing = benchmark.unmeasured_bars(items)
    assert {entry["name"] for entry in missing} == {
        "face-m4-wide.fddb.all.ap (not measured)",
        "face-quant.wider_val.>=16.ap (not measured)",
        "vww-rnnpool.official_test.accuracy (not measured)",
        "vww-rnnpool.negatives.photos_with_errors (not measured)",
    }
    assert all(entry["value"] is None and entry["goal"] is not None for entry in missing)
    benchmark.print_table(items + missing)


def test_sizes_without_faces_have_no_precision(benchmark: ModuleType) -> None:
    entries = [
        {"source": "fddb", "size": "8-64", "average_precision": 0.7},
        {"source": "fddb", "size": "8-16", "average_precision": None},
    ]
    assert benchmark.face_figures(entries) == {"fddb.8-64.ap": 0.7}
    assert "face-m4.fddb.8-64.ap" in benchmark.GOALS
