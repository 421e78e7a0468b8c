"""The command line with models that pull the rows of their image."""

import json
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from cli_runner import Cli
from graphs import GraphBuilder, tiny_detector
from PIL import Image

from mcu_vision.device.console import Console, SerialTransport
from mcu_vision.ir import Graph
from mcu_vision.reference import quantize_input, run_graph


def detector(seed: int = 5) -> Graph:
    graph = tiny_detector(seed)
    graph.metadata["task"] = "detect"
    return graph


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)).save(path)
    return path


def test_build_run_and_verify(cli: Cli, photo: Path) -> None:
    model = cli.model(detector())
    frame = cli.json("build", "--model", model, "--toolchain", "zig")
    found = cli.json("run", str(photo), "--model", model)
    rows = cli.json("build", "--model", model, "--toolchain", "zig", "--input", "rows")
    assert rows["ram"]["items"]["input"] == 0
    assert all(n >= 0 for n in rows["ram"]["items"].values())
    assert rows["ram"]["peak_bytes"] < frame["ram"]["peak_bytes"]
    pulled = cli.json("run", str(photo), "--model", model)
    assert pulled["boxes"] == found["boxes"] != []
    outcome = cli.json("verify", "--model", model, "--images", "2")
    assert outcome["equal"]


def test_a_build_made_again_is_planned_as_the_last(cli: Cli, photo: Path) -> None:
    cli("build", "--model", cli.model(detector()), "--toolchain", "zig", "--input", "rows")
    cli("run", str(photo), "--model", cli.model(detector(6)), "--toolchain", "zig")
    record = json.loads((cli.folder / "build" / "tiny-detector" / "build.json").read_text())
    assert record["options"]["input"] == "rows"


def test_an_image_of_640x480x3(cli: Cli, photo: Path) -> None:
    build = GraphBuilder("large", (480, 640, 3))
    graph = build.finish(build.conv(build.conv("image", 2, 3, 4), 4, 3, 4))
    model = cli.model(graph)
    assert "--input rows" in cli.error("build", "--model", model)
    summary = cli.json("build", "--model", model, "--toolchain", "zig", "--input", "rows")
    assert summary["ram"]["peak_bytes"] < 32 << 10
    assert cli.json("verify", "--model", model, "--images", "1")["equal"]


def test_rows_over_the_emulated_serial_port(cli: Cli) -> None:
    build = GraphBuilder("pulled", (7, 8, 3))
    graph = build.finish(build.conv(build.conv("image", 4, 3, 2), 3, 3, 2))
    model, link = cli.model(graph), cli.folder / "dut"
    cli("build", "--model", model, "--toolchain", "zig", "--input", "rows")
    entry = ["-c", "from mcu_vision.cli import main; main()", "emulate", "--model", model, "--pty", str(link), "--json"]
    process = subprocess.Popen([sys.executable, *entry], cwd=cli.folder, stdout=subprocess.PIPE)
    pixels = np.random.default_rng(1).integers(0, 256, (7, 8, 3), np.uint8)
    try:
        assert process.stdout is not None
        while b"}" not in process.stdout.readline():
            assert process.poll() is None
        with SerialTransport(str(link)) as transport:
            console = Console(transport)
            console.infer_rows([row.tobytes() for row in pixels])
            checksum = console.command("crc 0")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert not link.exists()
    (expected,) = run_graph(graph, quantize_input(pixels)).values()
    assert checksum == [f"m-crc-[{zlib.crc32(expected.tobytes()):08X}]"]
