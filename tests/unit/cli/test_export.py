"""mcu-vision export"""

import stat
import sys
from pathlib import Path

import onnx
import pytest
from cli_runner import Cli
from graphs import tiny_classifier, tiny_detector

from mcu_vision.ir import Quantization


def test_a_model_becomes_a_file_that_is_a_model(cli: Cli) -> None:
    model = cli.model(tiny_classifier())
    summary = cli.json("export", model, "--format", "tflite", "--out", "out/tiny.tflite")
    written = cli.folder / "out" / "tiny.tflite"
    assert summary["bytes"] == written.stat().st_size
    assert stat.S_IMODE(written.stat().st_mode) == 0o644
    assert summary["format"] == "tflite"
    (source,) = summary["inputs"]
    assert source["type"] == "int8"
    assert source["shape"][0] == 1
    assert summary["notes"] == []
    planned = cli.json("plan", "--model", str(written))
    assert planned["arena_bytes"] == cli.json("plan", "--model", model)["arena_bytes"]


def test_text_says_what_is_left_out(cli: Cli) -> None:
    text = cli("export", cli.model(tiny_detector()))
    assert Path(cli.folder, "tiny-detector.tflite").is_file()
    assert "note       decoding and suppression of boxes are left out" in text
    assert "of them 1 composite" in text


def test_onnx(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    model = cli.model(tiny_detector())
    exact = cli.json("export", model, "--format", "onnx")
    plain = cli.json("export", model, "--format", "onnx", "--qdq", "--out", "qdq.onnx")
    assert exact["out"] == "tiny-detector.onnx"
    assert 0 < plain["operators"] < exact["operators"]
    assert onnx.load(cli.folder / "tiny-detector.onnx").producer_name == "mcu-vision"
    assert "--qdq is for --format onnx" in cli.error("export", model, "--qdq")
    for name in [name for name in sys.modules if name == "onnx" or name.startswith("mcu_vision.export.onnx")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert "pip install 'mcu-vision[onnx]'" in cli.error("export", model, "--format", "onnx")


def test_faults(cli: Cli) -> None:
    model = cli.model(tiny_classifier())
    assert "--format must be one of tflite, onnx" in cli.error("export", model, "--format", "pdf")
    assert "no model 'nothing'" in cli.error("export", "nothing")
    assert "is a folder" in cli.error("export", model, "--out", ".")
    graph = tiny_classifier()
    graph.input.dtype, graph.input.quantization = "float32", Quantization((1.0,))
    float_model = cli.model(graph)
    assert "not quantised" in cli.error("export", float_model, "--out", "x.tflite")
    assert not (cli.folder / "x.tflite").exists()
