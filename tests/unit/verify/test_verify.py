from pathlib import Path

import pytest
from graphs import tiny_classifier, tiny_detector
from models import REGIONS, BuiltModel, noise_images

from mcu_vision.ir import Graph
from mcu_vision.plan import plan_graph
from mcu_vision.verify import reference_execution, verify_executions


@pytest.mark.parametrize("mode", ["stream", "layers", "auto"])
@pytest.mark.parametrize("graph", [tiny_detector(1), tiny_classifier(1)], ids=lambda g: g.name)
def test_host_code_equals_the_reference(graph: Graph, mode: str, tmp_path: Path) -> None:
    built = BuiltModel.generate(graph, tmp_path, mode)
    outcome = verify_executions(graph, built.executions(), noise_images(graph, 3))
    assert outcome.equal, outcome.first_difference
    assert outcome.images == 3


@pytest.mark.parametrize("graph", [tiny_detector(2), tiny_classifier(2)], ids=lambda g: g.name)
def test_emulated_firmware_equals_the_reference(graph: Graph, tmp_path: Path) -> None:
    built = BuiltModel.generate(graph, tmp_path)
    outcome = verify_executions(graph, built.executions(emulated=True), noise_images(graph, 2))
    assert outcome.equal, outcome.first_difference
    assert outcome.executions == ["reference", "host", "emulated"]


def test_one_bit_of_a_weight_is_found_in_host_and_firmware(tmp_path: Path) -> None:
    damaged, graph = tiny_detector(3), tiny_detector(3)
    op = damaged.ops[0]
    weights = damaged.tensors[op.inputs[1]].data
    assert weights is not None
    weights.reshape(-1)[5] ^= 0x40
    built = BuiltModel.generate(damaged, tmp_path)
    runs = built.executions(emulated=True)
    intact = reference_execution(plan_graph(graph, REGIONS, 250 << 10))
    for name in ("host", "emulated"):
        outcome = verify_executions(graph, {"reference": intact, name: runs[name]}, noise_images(graph, 1))
        assert outcome.first_difference is not None
        assert outcome.first_difference.operator == op.name
        assert outcome.first_difference.execution == name


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("nn_add_s8.c", "(p, a, b,", "(p, b, b,"),
        ("nn_rnn_pool_s8.c", "s.columns, p->patch_w, out", "s.columns, p->patch_w - 1, out"),
    ],
)
def test_a_change_of_a_kernel_is_found(file: str, old: str, new: str, tmp_path: Path) -> None:
    graph = tiny_detector(4)
    built = BuiltModel.generate(graph, tmp_path)
    source = built.folder / "src" / file
    text = source.read_text()
    assert old in text
    source.write_text(text.replace(old, new))
    outcome = verify_executions(graph, built.executions(), noise_images(graph, 1))
    assert outcome.first_difference is not None
    assert outcome.first_difference.kind == file.removeprefix("nn_").removesuffix("_s8.c")
    assert "differs at" in str(outcome.first_difference)
    assert outcome.to_json()["equal"] is False
