"""The driver of Renode, against a stand-in that speaks its monitor: all commands, and what a Renode does wrong."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_runner import Cli
from graphs import tiny_classifier

from mcu_vision.boards import Board, load_board
from mcu_vision.device.console import Console, SerialTransport
from mcu_vision.device.model_console import read_output
from mcu_vision.emulate import renode_monitor
from mcu_vision.emulate.call_sites import return_addresses
from mcu_vision.emulate.disassembly import disassemble
from mcu_vision.emulate.firmware_elf import load_firmware_elf
from mcu_vision.emulate.interface import EmulationFault
from mcu_vision.emulate.renode_board import RenodeBoard
from mcu_vision.emulate.renode_platform import render_platform
from mcu_vision.emulate.unicorn_board import UnicornBoard
from mcu_vision.errors import UserError
from mcu_vision.resources import resource

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture
def renode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The stand-in, where RENODE finds it."""
    script = tmp_path / "renode"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{TESTS / "fake_renode.py"}" "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("RENODE", str(script))
    monkeypatch.setenv("PYTHONPATH", str(TESTS.parent))
    return script


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(tmp_path, capsys)


def test_boots_infers_and_counts(renode: Path, fake_elf: Callable[[str], Path], f439: Board) -> None:
    elf = fake_elf("classifier")
    pixels = bytes(range(16))
    with RenodeBoard(elf, f439) as board:
        board.count_calls("fake_invoke")
        assert board.boot() == ["m-init-done"]
        pointer = int.from_bytes(board.read_memory(board.symbol("model_input_pointer"), 4), "little")
        board.write_memory(pointer, pixels)
        assert board.read_memory(pointer + 1, 2) == pixels[1:3]
        board.command("infer 2 0%")
        assert read_output(board, 0) == pixels[::-1]
        counts = board.call_instructions()
        assert board.stack_high_water() > 64
        assert board.instructions > sum(counts)
    with UnicornBoard(elf, f439) as embedded:
        embedded.boot()
        records = embedded.record_calls("fake_invoke")
        embedded.command("infer 2 0%")
    assert counts == [record.instructions for record in records]


def test_counts_may_come_with_the_log(
    renode: Path, fake_elf: Callable[[str], Path], f439: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_RENODE", "log")
    with RenodeBoard(fake_elf("classifier"), f439) as board:
        board.count_calls("fake_invoke")
        board.boot()
        board.command("infer 3 0%")
        counts = board.call_instructions()
    assert len(counts) == 3
    assert len(set(counts)) == 1


def test_a_monitor_without_echo_and_with_colours(
    renode: Path, fake_elf: Callable[[str], Path], f439: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_RENODE", "quiet")
    monkeypatch.setattr(renode_monitor, "_ECHO_S", 0.1)
    with RenodeBoard(fake_elf("classifier"), f439) as board:
        assert board.boot() == ["m-init-done"]
        assert board.read_memory(board.symbol("model_input_pointer"), 4) != bytes(4)


def test_folders_may_have_blanks_in_their_names(
    renode: Path, fake_elf: Callable[[str], Path], f439: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "ein Ordner"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    elf = folder / "über alles.elf"
    elf.write_bytes(fake_elf("classifier").read_bytes())
    with RenodeBoard(elf, f439, metrics=folder / "m m.dump") as board:
        board.boot()
        board.write_memory(board.symbol("model_input_pointer"), bytes(8))
    assert [path.name for path in sorted(folder.iterdir())] == ["m m.dump", "über alles.elf"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("die", "Renode ended with code 3; its last line: Fatal error: out of luck"),
        ("refuse", "Renode refused 'sysbus LoadELF"),
        ("hang", "Renode's monitor gave no prompt: nothing within 1 s"),
        ("mute", "no answer to 'reset' within 1 s"),
    ],
)
def test_what_a_renode_does_wrong_is_one_clear_line(
    renode: Path,
    fake_elf: Callable[[str], Path],
    f439: Board,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    message: str,
) -> None:
    monkeypatch.setenv("FAKE_RENODE", fault)
    if fault == "hang":
        monkeypatch.setattr(renode_monitor, "_CONNECT_S", 1.0)
        monkeypatch.setattr(renode_monitor.RenodeMonitor, "_connect", _patient(renode_monitor.RenodeMonitor._connect))
    with pytest.raises(UserError) as caught, RenodeBoard(fake_elf("classifier"), f439) as board:
        board.boot(1.0)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def _patient(connect: Callable[..., object]) -> Callable[..., object]:
    """The stand-in takes more than a second to start."""

    def wait(self: object, port: int) -> object:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(renode_monitor, "_CONNECT_S", 30.0)
            return connect(self, port)

    return wait


def test_an_access_outside_the_memories_is_a_fault(
    renode: Path, fake_elf: Callable[[str], Path], f439: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_RENODE", "outside")
    with RenodeBoard(fake_elf("classifier"), f439) as board:
        with pytest.raises(EmulationFault, match="4-byte write at 0x20030000, pc 0x08000084") as caught:
            board.boot()
        assert caught.value.kind == "write"
    monkeypatch.setenv("FAKE_RENODE", "elsewhere")
    elsewhere = pytest.raises(EmulationFault, match=r"outside the memories .*at 0x20030000")
    with RenodeBoard(fake_elf("classifier"), f439) as board, elsewhere:
        board.boot()


def test_where_no_renode_is_the_line_says_how_to_get_one(
    fake_elf: Callable[[str], Path], f439: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("RENODE", raising=False)
    monkeypatch.delenv("RENODE_ROOT", raising=False)
    with pytest.raises(UserError, match="linux-portable"):
        RenodeBoard(fake_elf("classifier"), f439)
    monkeypatch.setenv("RENODE_ROOT", str(tmp_path))
    with pytest.raises(UserError, match="is no executable"):
        RenodeBoard(fake_elf("classifier"), f439)


def test_call_sites_are_where_the_disassembler_sees_them(fake_elf: Callable[[str], Path]) -> None:
    elf = load_firmware_elf(fake_elf("classifier"))
    target = elf.symbols["fake_invoke"]
    found = return_addresses(elf, target)
    assert found
    base, code = next((base, data) for base, data in elf.contents if base <= target < base + len(data))
    for address in found:
        (line,) = disassemble(code[address - 4 - base : address - base], address - 4)
        assert "bl" in line
        assert f"{target:x}" in line


def test_the_shipped_platform_is_that_of_the_board_file(f439: Board) -> None:
    shipped = resource("renode", "stm32f439.repl").read_text()
    assert shipped == render_platform(f439)


def test_the_console_may_be_a_pseudo_terminal(
    renode: Path, fake_elf: Callable[[str], Path], f439: Board, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("a file of the user's")
    with pytest.raises(UserError, match="a file is there"):
        RenodeBoard(fake_elf("classifier"), f439, pty=tmp_path / "mine")
    with RenodeBoard(fake_elf("classifier"), f439, pty=tmp_path / "dut") as board:
        with SerialTransport(str(tmp_path / "dut")) as transport:
            board.start()
            console = Console(transport)
            assert console.wait_ready() == ["m-init-done"]
            assert console.command("name%") == ["m-name-dut-[stm32f439]"]
        assert board.running
        with pytest.raises(UserError, match="pseudo-terminal"):
            board.send(b"name%")


def test_other_boards_have_their_own_memories_or_are_refused() -> None:
    platform = render_platform(load_board("nucleo-f446re"))
    assert "sram: Memory.MappedMemory @ sysbus 0x20000000\n    size: 0x20000\n" in platform
    assert "ccm:" not in platform
    assert "usart2: UART.STM32_UART @ sysbus <0x40004400, +0x100>" in platform
    with pytest.raises(UserError, match="use --emulator unicorn"):
        render_platform(load_board("nrf52840-dk"))


def test_run_and_verify_through_the_command_line(renode: Path, cli: Cli) -> None:
    model = cli.model(tiny_classifier())
    embedded = cli.json("run", "--model", model)
    for extra in ([], ["--through-uart"]):
        emulated = cli.json("run", "--model", model, "--emulator", "renode", *extra)
        assert emulated["scores"] == embedded["scores"]
        assert emulated["instructions"] == embedded["instructions"]
        assert "cycles_estimated" not in emulated
    assert "models no cycles" in cli("run", "--model", model, "--emulator", "auto", "--metrics", "m.dump")
    assert (cli.folder / "m.dump").read_bytes() == b"metrics"
    outcome = cli.json("verify", "--model", model, "--emulator", "renode", "--images", "2")
    assert outcome["equal"]
    assert outcome["executions"] == ["reference", "host", "renode"]
    assert "no output" not in json.dumps(outcome)
    assert "--guard" in cli.error("run", "--model", model, "--emulator", "renode", "--guard")
    assert "--through-uart" in cli.error("run", "--model", model, "--through-uart")
