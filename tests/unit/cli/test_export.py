"""mcu-vision export"""

import stat
from pathlib import Path

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
    assert "of them composites" in text


def test_faults(cli: Cli) -> None:
    model = cli.model(tiny_classifier())
    assert "--format must be one of tflite" in cli.error("export", model, "--format", "pdf")
    assert "no model 'nothing'" in cli.error("export", "nothing")
    assert "is a folder" in cli.error("export", model, "--out", ".")
    graph = tiny_classifier()
    graph.input.dtype, graph.input.quantization = "float32", Quantization((1.0,))
    float_model = cli.model(graph)
    assert "not quantised" in cli.error("export", float_model, "--out", "x.tflite")
    assert not (cli.folder / "x.tflite").exists()
