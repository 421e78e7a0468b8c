"""`mcu-vision profile`: figures that add up, attributed to the right operator and memory."""

from pathlib import Path
from typing import Any

import pytest
from cli_runner import Cli
from graphs import tiny_detector
from PIL import Image

from mcu_vision.emulate.disassembly import disassemble
from mcu_vision.saved_model import save_graph


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    graph = tiny_detector()
    graph.metadata["task"] = "detect"
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_graph(graph, path)
    return path


@pytest.fixture
def arguments(model: Path) -> list[str]:
    return ["--model", str(model), "--toolchain", "zig", "--build-dir", str(model.parent / "build")]


def test_operators_add_up_to_the_inference(cli: Cli, arguments: list[str]) -> None:
    profile = cli.json("profile", *arguments)
    rows = profile["operators"]
    for whole, part in (
        ("instructions",) * 2,
        ("cycles_0ws_estimated", "cycles"),
        ("cycles_estimated", "cycles_flash"),
    ):
        assert sum(row[part] for row in rows) == profile[whole]
    assert all(row["instructions"] > 0 and row["cycles_flash"] >= row["cycles"] > 0 for row in rows)
    assert all(sum(row["classes"].values()) == row["instructions"] for row in rows)
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    graph = tiny_detector()
    assert sum(row["macs"] for row in rows) == profile["macs"] == graph.macs()
    assert sorted(row["name"] for row in rows) == sorted([*(op.name for op in graph.ops), "between operators"])


def test_the_run_is_the_one_that_a_build_measures(cli: Cli, arguments: list[str]) -> None:
    """But for interrupts of the system timer, which come when they come."""
    build, profile = cli.json("build", *arguments), cli.json("profile", *arguments)
    for figure in ("instructions", "cycles_estimated", "cycles_0ws_estimated"):
        assert profile[figure] == pytest.approx(build[figure], rel=1e-4)


def test_memories_are_told_apart(cli: Cli, arguments: list[str]) -> None:
    rows = {row["name"]: row for row in cli.json("profile", *arguments)["operators"]}
    graph = tiny_detector()
    for op in graph.ops:
        traffic, out = rows[op.name]["traffic"], graph.tensors[op.outputs[0]]
        assert traffic["flash"]["written_bytes"] == 0
        assert sum(traffic[memory]["written_bytes"] for memory in ("sram", "ccm")) >= out.size_bytes
        constants = [graph.tensors[name] for name in op.inputs if graph.tensors[name].data is not None]
        assert traffic["flash"]["read_bytes"] >= sum(tensor.size_bytes for tensor in constants)


def test_blocks_name_function_line_and_code(cli: Cli, arguments: list[str]) -> None:
    profile = cli.json("profile", *arguments, "--blocks", "5")
    blocks = profile["blocks"]
    assert len(blocks) == 5
    assert [b["cycles_flash"] for b in blocks] == sorted((b["cycles_flash"] for b in blocks), reverse=True)
    for block in blocks:
        name, _, line = block["source"].partition(":")
        assert name.startswith("nn_")
        assert int(line) > 0
        assert block["text"]
        assert block["instructions"] == block["executions"] * len(block["code"])
        assert not any(code.startswith(".inst") for code in block["code"])
    assert cli.json("profile", *arguments, "--blocks", "0")["blocks"] == []


def test_reports_and_table(cli: Cli, arguments: list[str]) -> None:
    text = cli("profile", *arguments, "--png", "p.png", "--html", "p.html")
    assert all(op.name in text for op in tiny_detector().ops)
    assert Image.open(cli.folder / "p.png").width > 500
    html = (cli.folder / "p.html").read_text()
    assert "<svg" in html
    assert "rnn_pool" in html
    assert "http" not in html.replace("http://www.w3.org", "")


def test_a_missing_photo_is_one_line(cli: Cli, arguments: list[str]) -> None:
    assert "no.jpg" in cli.error("profile", *arguments, "--image", "no.jpg")


def test_code_that_is_none_shows_as_half_words() -> None:
    lines: list[Any] = disassemble(bytes.fromhex("0020 ffde 00bf".replace(" ", "")), 0x08000000)
    assert lines[0].startswith("movs r0")
    assert lines[-1] == "nop"
