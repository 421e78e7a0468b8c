"""The verb `flash`, and Debian's stm32flash, against the simulated bootloader on a pseudo-terminal."""

import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import serial
from bootloader_pty import PtyBootloader
from bootloader_simulator import FLASH, SimulatedBootloader

from mcu_vision.cli import main

CONTENT = random.Random(1).randbytes(18_001)
OLD = random.Random(2).randbytes(200_000)
Run = Callable[..., str]


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    path = tmp_path / "firmware.bin"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a verb; returns standard output, or the one line of a user fault."""

    def verb(*arguments: str, code: int = 0) -> str:
        monkeypatch.setattr("sys.argv", ["mcu-vision", *arguments])
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit) as stop:
            main()
        printed = capsys.readouterr()
        assert (stop.value.code or 0) == code, printed
        if not code:
            return printed.out
        lines = [line for line in printed.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1
        assert "verified: all" not in printed.out
        return lines[0]

    return verb


def test_flash_verb(run: Run, firmware: Path) -> None:
    device = SimulatedBootloader(OLD)
    with PtyBootloader(device) as board:
        result = json.loads(run("flash", "--port", board.path, "--file", str(firmware), "--json"))
    assert result == {
        "file": str(firmware),
        "image_bytes": 18_004,
        "sectors": [0, 1],
        "bootloader_version": "3.1",
        "erased_sectors": [0, 1],
        "mass_erased": False,
        "written_bytes": 18_004,
        "kept_bytes": 0,
        "verified": True,
        "started": True,
        "chip_id": "0x419",
    }
    assert device.flash[:18_004] == CONTENT + b"\xff\xff\xff"
    assert device.flash[0x8000:200_000] == OLD[0x8000:]
    assert device.running == FLASH.base


def test_unplugging_mid_write_and_resuming(run: Run, firmware: Path) -> None:
    device = SimulatedBootloader(OLD)
    with PtyBootloader(device, unplug_after=10_000) as board:
        line = run("flash", "-p", board.path, "--file", str(firmware), code=2)
        assert re.search(r"serial port .* failed .*not verified.*--resume", line)
    assert device.flash[:18_001] != CONTENT
    device.reset()
    with PtyBootloader(device) as board:
        text = run("flash", "-p", board.path, "--file", str(firmware), "--resume", "--no-start")
    assert re.search(r"verified: all 18,004 bytes .*\nkept [\d,]+ bytes", text)
    assert "not started" in text
    assert device.running is None
    assert device.flash[:18_001] == CONTENT


def test_a_port_is_for_one_program(run: Run, firmware: Path) -> None:
    with PtyBootloader(SimulatedBootloader()) as board, serial.Serial(board.path, exclusive=True):
        line = run("flash", "-p", board.path, "--file", str(firmware), code=2)
    assert re.search(r"cannot open serial port .*another program uses it", line)


def test_protected_part(run: Run, firmware: Path) -> None:
    device = SimulatedBootloader(OLD)
    device.read_protected = True
    arguments = ("flash", "--file", str(firmware), "--port")
    with PtyBootloader(device) as board:
        assert "RDP level 1" in run(*arguments, board.path, code=2)
    assert device.flash[:1000] == OLD[:1000]
    with PtyBootloader(device) as board:
        assert "verified: all" in run(*arguments, board.path, "--unprotect")
    assert device.flash[:18_001] == CONTENT


def test_faults_of_the_command_line(run: Run, firmware: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [])
    file = ("--file", str(firmware))
    faults = {
        r"--port is missing: no USB serial port.*--probe": ("flash", *file),
        r"cannot open serial port /dev/none: there is no such port": ("flash", *file, "-p", "/dev/none"),
        r"--boot0 must be one of": ("flash", *file, "-p", "/dev/none", "--boot0", "cts"),
        r"--probe needs OpenOCD.*pyOCD": ("flash", *file, "--probe"),
        r"--probe cannot be combined": ("flash", *file, "--probe", "--mass"),
        r"--mass leaves nothing": ("flash", *file, "--mass", "--resume"),
        r"cannot read build/face-m4/firmware.elf: .*run mcu-vision build": ("flash", "-p", "/dev/none"),
    }
    for expected, arguments in faults.items():
        assert re.search(expected, run(*arguments, code=2)), arguments


def test_dry_run_needs_no_port(run: Run, firmware: Path) -> None:
    text = run("flash", "--file", str(firmware), "--dry-run")
    assert text.count("sector") == 2
    assert "sector  1  0x08004000   16 KB" in text
    assert run("flash", "--file", str(firmware), "--dry-run", "--mass").count("sector") == 24
    assert json.loads(run("flash", "--file", str(firmware), "--dry-run", "--json"))["verified"] is False


def test_devices(run: Run) -> None:
    assert isinstance(json.loads(run("devices", "--json"))["ports"], list)
    assert "port" in run("devices")


PROBE = """#!/usr/bin/env python3
import pathlib, re, sys
text = " ".join(sys.argv)
pathlib.Path("{log}").open("a").write(text + "\\n")
if {fails}:
    sys.exit("Error: no probe found")
found = re.search(r"dump_image (\\S+) 0x8000000 (\\d+)|savemem 0x8000000 (\\d+) (\\S+)", text)
if found:
    content = pathlib.Path("{flash}").read_bytes()
    pathlib.Path(found[1] or found[4]).write_bytes(content[: int(found[2] or found[3])])
"""


@pytest.mark.parametrize("program", ["openocd", "pyocd"])
def test_probe(run: Run, firmware: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").symlink_to(shutil.which("python3") or "/usr/bin/python3")
    log, flash = tmp_path / "log", tmp_path / "flash"
    flash.write_bytes(CONTENT + b"\xff" * 10)
    script = folder / program
    script.write_text(PROBE.format(log=log, flash=flash, fails=False))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder) + ":/usr/bin:/bin")
    result = json.loads(run("flash", "--file", str(firmware), "--probe", "--json"))
    assert (result["program"], result["verified"], result["started"]) == (program, True, True)
    assert re.search(r"program \S+image.bin verify 0x8000000|flash .*--format bin -a 0x8000000", log.read_text())
    flash.write_bytes(CONTENT[:9000] + b"!" + CONTENT[9001:] + b"\xff" * 10)
    assert "the flash differs from 0x08002300" in run("flash", "--file", str(firmware), "--probe", code=2)
    script.write_text(PROBE.format(log=log, flash=flash, fails=True))
    assert f"{program} failed: Error: no probe found" in run("flash", "--file", str(firmware), "--probe", code=2)


def test_stm32flash_drives_the_simulator(firmware: Path, tmp_path: Path) -> None:
    program = shutil.which("stm32flash")
    if program is None:
        pytest.skip("needs stm32flash (apt install stm32flash), an independent client of the bootloader")
    device = SimulatedBootloader(OLD)

    def stm32flash(*arguments: str, port: str, code: int = 0) -> str:
        # 8n1, because a pseudo-terminal keeps no parity.
        command = [program, "-m", "8n1", *arguments, port]
        outcome = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert outcome.returncode == code, outcome.stdout + outcome.stderr
        return outcome.stdout + outcome.stderr

    with PtyBootloader(device) as board:
        text = stm32flash(port=board.path)
        assert re.search(r"Version\s+: 0x31", text)
        assert re.search(r"Device ID\s+: 0x0419", text)
    device.reset()
    with PtyBootloader(device) as board:
        text = stm32flash("-w", str(firmware), "-v", "-g", "0x08000000", port=board.path)
    assert device.flash[:18_001] == CONTENT
    assert device.erased == [0, 1]
    assert device.flash[0x8000:200_000] == OLD[0x8000:]
    assert device.running == FLASH.base
    device.reset()
    back = tmp_path / "back.bin"
    with PtyBootloader(device) as board:
        stm32flash("-r", str(back), "-S", "0x08000000:18001", port=board.path)
    assert back.read_bytes()[:18_001] == CONTENT
    device.reset()
    with PtyBootloader(device) as board:
        stm32flash("-j", port=board.path)
        assert device.read_protected
        stm32flash("-r", str(back), port=board.path, code=1)
        stm32flash("-k", port=board.path)
    assert not device.read_protected
    assert set(device.flash) == {0xFF}
