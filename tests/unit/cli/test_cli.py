import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import serial
from cli_runner import Cli
from graphs import tiny_classifier, tiny_detector
from PIL import Image

from mcu_vision.cli import main
from mcu_vision.ir import Graph

VERBS = (
    "build",
    "run",
    "verify",
    "test",
    "init",
    "validate",
    "emulate",
    "flash",
    "devices",
    "plan",
    "quantize",
    "train",
)


def detector() -> Graph:
    graph = tiny_detector()
    graph.metadata["task"] = "detect"
    return graph


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    path = tmp_path / "photo.png"
    Image.fromarray(random.integers(0, 256, (60, 90, 3), np.uint8)).save(path)
    return path


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(cli: Cli, verb: str) -> None:
    text = cli(verb, "--help")
    assert f"mcu-vision {verb}" in text
    assert "--json" in text


def test_build_prints_the_promised_json(cli: Cli) -> None:
    summary = cli.json("build", "--model", cli.model(detector()), "--toolchain", "zig")
    assert summary["model"] == "tiny-detector"
    assert summary["board"] == "stm32f439"
    assert summary["toolchain"] == "zig"
    for key in ("elf", "bin", "hex", "report"):
        assert (cli.folder / summary[key]).stat().st_size > 0
    assert (cli.folder / summary["src_dir"] / "tiny_detector.h").is_file()
    ram = summary["ram"]
    assert ram["budget_bytes"] == 256 << 10
    assert ram["peak_bytes"] == sum(r["used_bytes"] for r in ram["regions"].values()) == sum(ram["items"].values())
    assert all(n >= 0 for n in ram["items"].values())
    assert ram["items"]["input"] == 48 * 64
    assert 0 < ram["items"]["stack"] < 4096
    assert summary["instructions"] > summary["macs"] > 0
    assert summary["cycles_estimated"] >= summary["cycles_0ws_estimated"] > summary["instructions"]
    assert summary["time_ms_estimated"] == pytest.approx(summary["cycles_estimated"] / 168e3, rel=1e-3)


def test_run_draws_the_boxes_of_a_photo(cli: Cli, photo: Path) -> None:
    model = cli.model(detector())
    result = cli.json("run", str(photo), "--model", model, "--toolchain", "zig", "--out", "out.png")
    assert Image.open(cli.folder / result["picture"]).format == "PNG"
    assert result["boxes"]
    for x, y, width, height, score in result["boxes"]:
        assert 0 <= x <= x + width <= 90.001
        assert 0 <= y <= y + height <= 60.001
        assert 0 < score <= 1
    assert result["instructions"] > 0
    assert "found in" in cli("run", str(photo), "--model", model, "--toolchain", "zig")
    assert photo.with_suffix(".boxes.png").is_file()


def test_run_prints_the_scores_of_a_classifier(cli: Cli, photo: Path) -> None:
    result = cli.json("run", str(photo), "--model", cli.model(tiny_classifier()), "--toolchain", "zig")
    assert len(result["scores"]) == 3
    assert sum(result["scores"]) == pytest.approx(1, abs=0.02)


def test_verify_finds_a_firmware_that_is_not_the_model(cli: Cli) -> None:
    model = cli.model(detector())
    arguments = ("verify", "--model", model, "--toolchain", "zig", "--images", "2")
    outcome = cli.json(*arguments)
    assert outcome == {
        "images": 2,
        "equal": True,
        "executions": ["reference", "host", "emulated"],
        "first_difference": None,
    }
    elf = next(cli.folder.glob("build/*/firmware.elf"))
    graph = detector()
    packed = graph.ops[0].kernel(graph).params["weights"]
    assert isinstance(packed, np.ndarray)
    content = elf.read_bytes()
    place = content.index(packed.tobytes()) + 17  # behind the biases, twice two: a high byte of the first weights
    elf.write_bytes(content[:place] + bytes([content[place] ^ 0x40]) + content[place + 1 :])
    outcome = cli.json(*arguments, code=1)
    assert outcome["first_difference"]["operator"] == "conv2d0"
    assert outcome["first_difference"]["execution"] == "emulated"


def test_user_faults_are_one_line(cli: Cli, photo: Path) -> None:
    model = cli.model(detector())
    broken = cli.folder / "broken.safetensors"
    broken.write_bytes(Path(model).read_bytes()[:500])
    text = cli.folder / "notes.jpg"
    text.write_text("no picture")
    faults = {
        r"no model 'nosuch'.*face-m4": ("build", "--model", "nosuch"),
        r"broken": ("build", "--model", str(broken)),
        r"--toolchain must be one of": ("build", "--toolchain", "iar"),
        r"no photo .*missing.jpg": ("run", "missing.jpg", "--model", model),
        r"cannot read the photo .*notes.jpg": ("run", str(text), "--model", model),
        r"board": ("build", "--board", "nosuch", "--model", model),
        r"no photo or folder": ("verify", "--photos", "nosuch", "--model", model, "--toolchain", "zig"),
    }
    for expected, arguments in faults.items():
        assert re.search(expected, cli.error(*arguments)), arguments


def test_errors_in_json_too(cli: Cli) -> None:
    assert "nosuch" in cli.json("build", "--model", "nosuch", code=2)["error"]


def test_too_large_a_model_builds_nothing(cli: Cli) -> None:
    from graphs import GraphBuilder

    build = GraphBuilder("huge", (480, 640, 3))
    graph = build.finish(build.conv("image", 8, 3, 2))
    assert re.search(r"needs [\d,]+ B of RAM at step", cli.error("build", "--model", cli.model(graph)))
    assert not (cli.folder / "build").exists()


def test_a_failed_build_keeps_the_last_one(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    model = cli.model(detector())
    cli("build", "--model", model, "--toolchain", "zig")
    folder = cli.folder / "build" / "tiny-detector"
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}

    def fail(*_: object) -> None:
        raise RuntimeError("stopped half-way")

    monkeypatch.setattr("mcu_vision.cli.pipeline.measure_build", fail)
    monkeypatch.chdir(cli.folder)
    monkeypatch.setattr("sys.argv", ["mcu-vision", "build", "--model", model, "--toolchain", "zig"])
    with pytest.raises(RuntimeError, match="half-way"):
        main()
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before
    assert [p.name for p in folder.parent.iterdir()] == ["tiny-detector"]


def test_run_takes_the_finished_build_whatever_compiled_it(cli: Cli, photo: Path) -> None:
    model = cli.model(detector())
    cli("build", "--model", model, "--toolchain", "zig", "--schedule", "layers")
    elf = cli.folder / "build" / "tiny-detector" / "firmware.elf"
    before = elf.stat().st_mtime_ns
    cli("run", str(photo), "--model", model)
    assert cli.json("verify", "--model", model, "--images", "1")["equal"]
    assert elf.stat().st_mtime_ns == before
    other = tiny_detector(6)
    other.metadata["task"] = "detect"
    cli("run", str(photo), "--model", cli.model(other))
    assert elf.stat().st_mtime_ns != before


def test_emulate_offers_the_console_as_a_serial_port(cli: Cli) -> None:
    link = cli.folder / "dut"
    command = ["emulate", "--model", cli.model(detector()), "--toolchain", "zig", "--pty", str(link), "--json"]
    entry = "from mcu_vision.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", entry, *command],
        cwd=cli.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    try:
        assert process.stdout is not None
        printed = b""
        while b"}" not in printed:
            line = process.stdout.readline()
            assert line, process.communicate()
            printed += line
        assert json.loads(printed) == {"model": "tiny-detector", "board": "stm32f439", "pty": str(link)}
        with serial.Serial(str(link), timeout=30) as port:
            port.write(b"name%")
            assert port.read_until(b"m-ready\r\n") == b"m-name-dut-[stm32f439]\r\nm-ready\r\n"
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert not link.exists()
