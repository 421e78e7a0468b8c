"""Board files: the shipped one against the manuals, and every way to get one wrong."""

import re
from pathlib import Path

import pytest

from mcu_vision.boards import board_names, load_board
from mcu_vision.errors import UserError

SHIPPED = Path(load_board.__code__.co_filename).with_name("stm32f439.toml")


def test_shipped_board_has_the_memories_of_the_manual() -> None:
    board = load_board("stm32f439")
    assert (board.flash.base, board.flash.size_bytes) == (0x08000000, 2 << 20)
    assert (board.sram.base, board.sram.size_bytes) == (0x20000000, 192 << 10)
    assert (board.ccm.base, board.ccm.size_bytes) == (0x10000000, 64 << 10)
    assert board.ram_budget_bytes == board.sram.size_bytes + board.ccm.size_bytes == 262144
    assert board.clock_hz == 168_000_000
    assert board.console_clock_hz == 42_000_000
    assert 0x2002FFFF in board.sram
    assert 0x20030000 not in board.sram


def test_flash_sectors_cover_both_banks() -> None:
    sectors = load_board("stm32f439").flash_sectors
    assert [sector.number for sector in sectors] == list(range(24))
    # RM0090 table 6: sectors 4, 5, 11 and 12
    assert [sectors[i].base for i in (4, 5, 11, 12)] == [0x08010000, 0x08020000, 0x080E0000, 0x08100000]
    assert [sectors[i].size_bytes >> 10 for i in (3, 4, 5, 12, 16, 23)] == [16, 64, 128, 16, 64, 128]


def test_every_shipped_board_loads_by_name_and_by_path() -> None:
    for name in board_names():
        assert load_board(name).name == name
    assert load_board(SHIPPED) == load_board("stm32f439")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("stack_bytes = 4096\n", "", "stack_bytes is missing"),
        ("tx_pin = ", "tx_pim = ", "console.tx_pin is missing"),
        ("[clock]\n", "[clock]\nlse_hz = 32768\n", "unknown key clock.lse_hz"),
        ("[ccm]\n", "[dtcm]\n", "ccm is missing"),
        ('cpu = "cortex-m4"', 'cpu = "cortex-m7"', "cortex-m7"),
        ("stack_bytes = 4096", 'stack_bytes = "4096"', "make it a whole number"),
        ("stack_bytes = 4096", "stack_bytes = 131072", "stack_bytes"),
        ("hse_bypass = true", "hse_bypass = 1", "make it true or false"),
        ('bus = "apb1"', 'bus = "apb3"', "make it one of apb1, apb2"),
        ("pll_n = 168", "pll_n = 180", "is not clock.core_hz"),
        ("apb1_divider = 4", "apb1_divider = 2", "apb1_divider"),
        ("apb1_divider = 4", "apb1_divider = 0", "apb"),
        ("base = 0x10000000", "base = 0x20010000", "overlap"),
        ("    16, 16, 16, 16, 64,", "    16, 16, 16, 32, 64,", "add up to"),
        ("    16, 16, 16, 16, 64,", '    "16", 16, 16, 16, 64,', "add up to"),
        ("ram_budget_bytes = 262144", "ram_budget_bytes = 262145", "ram_budget_bytes"),
        ('tx_pin = "PD8"', 'tx_pin = "PD16"', "not a pin"),
        ('tx_pin = "PD8"', 'tx_pin = "PC8"', "one port"),
        ("irq = 39 ", "irq = 91 ", "irq"),
        ('name = "stm32f439"', 'name = "a board"', "name"),
        ("[flash]", "[flash", "not a board file"),
    ],
)
def test_a_wrong_board_file_is_a_user_error(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = SHIPPED.read_text()
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        load_board(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_board_names_the_known_ones() -> None:
    with pytest.raises(UserError, match="stm32f439"):
        load_board("stm32h999")
