"""The benchmark's own joints: its JSON, and that C on this machine sees what the integer reference sees."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from graphs import tiny_detector

from mcu_vision.evaluate.evaluation_graph import report_weak_boxes


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = Path(__file__).resolve().parents[3] / "benchmarks" / "face_accuracy.py"
    spec = importlib.util.spec_from_file_location("face_accuracy_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_host_code_gives_the_boxes_of_the_reference(benchmark: ModuleType, tmp_path: Path) -> None:
    graph = report_weak_boxes(tiny_detector(3), top_k=50, max_boxes=80)
    frame = np.random.default_rng(1).integers(0, 256, graph.input.shape[1:]).astype(np.uint8)
    expected = benchmark.prepare_reference(graph, tmp_path)()(frame)
    found = benchmark.prepare_host(graph, tmp_path)()(frame)
    assert np.count_nonzero(expected[0, :, 4]) > 5
    np.testing.assert_array_equal(found, expected[0])


def test_json_states_the_loss_against_its_bar(benchmark: ModuleType) -> None:
    def entry(precision: float | None, source: str = "fddb") -> dict:
        faces = 0 if precision is None else 3
        return {
            "source": source,
            "size": "all",
            "faces": faces,
            "average_precision": precision,
            "errors_per_photo": 0.25,
        }

    figures = {"float": [entry(0.8), entry(None, "negatives")], "int8": [entry(0.79), entry(None, "negatives")]}
    items = {i["name"]: i for i in benchmark.benchmark_items("m", figures)}
    assert items.keys() == {
        "m.float.fddb.all.ap",
        "m.float.negatives.all.errors_per_photo",
        "m.int8.fddb.all.ap",
        "m.int8.fddb.all.ap_loss",
        "m.int8.negatives.all.errors_per_photo",
    }
    assert items["m.int8.fddb.all.ap_loss"] == {
        "name": "m.int8.fddb.all.ap_loss",
        "value": 0.01,
        "unit": "AP",
        "goal": 0.02,
        "better": "lower",
    }
