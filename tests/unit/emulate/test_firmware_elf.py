"""Files that are no firmware."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcu_vision.boards import Board
from mcu_vision.emulate.firmware_elf import load_firmware_elf
from mcu_vision.emulate.unicorn_board import UnicornBoard
from mcu_vision.errors import UserError


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, assembler: Callable[[Path, str], Path]) -> bytes:
    folder = tmp_path_factory.mktemp("program")
    return assembler(folder, "function reset\n nop\nfunction next\n b reset\n.data\nvalue: .word 7\n").read_bytes()


def test_symbols_and_load_addresses(program: bytes, tmp_path: Path) -> None:
    path = tmp_path / "good.elf"
    path.write_bytes(program)
    elf = load_firmware_elf(path)
    reset = elf.symbols["reset"]
    assert elf.describe(reset + 1) == "reset+0x1"
    assert elf.describe(elf.symbols["next"]) == "next+0x0"
    assert elf.describe(0x20000000) == "no known function" or elf.functions[-1].size_bytes == 0
    assert min(address for address, _ in elf.contents) == 0x08000000
    assert all(0x08000000 <= address < 0x08001000 for address, _ in elf.contents)  # .data too
    assert (7).to_bytes(4, "little") in [data for _, data in elf.contents]


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"not an ELF file at all"])
def test_other_files(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.elf"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"bad\.elf"):
        load_firmware_elf(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        load_firmware_elf(tmp_path / "none.elf")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_damaged_files_are_user_errors(program: bytes, tmp_path: Path, data: st.DataObject) -> None:
    """A damaged file loads or is refused; nothing else comes out."""
    damaged = bytearray(program[: data.draw(st.integers(0, len(program)))])
    for _ in range(data.draw(st.integers(0, 8))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.elf"
    path.write_bytes(damaged)
    with suppress(UserError):
        load_firmware_elf(path)


def test_image_for_another_board(program: bytes, tmp_path: Path, board: Board) -> None:
    path = tmp_path / "elsewhere.elf"
    path.write_bytes(program.replace(b"\x00\x00\x00\x08", b"\x00\x00\x00\x09"))
    with pytest.raises(UserError, match=r"elsewhere\.elf does not fit the board"):
        UnicornBoard(path, board)
