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
        ("[ccm]\n", "[dtcm]\n", "unknown key dtcm"),
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
        ("interrupts = 91", "interrupts = 500", "interrupts must be in 2 to 240"),
        ('family = "stm32f4"', 'family = "stm32h7"', "family is 'stm32h7'; make it one of stm32f4, stm32l4, nrf52"),
        ('family = "stm32f4"', 'family = "nrf52"', "unknown key clock.hse_hz"),
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


@pytest.mark.parametrize(
    ("board", "old", "new", "message"),
    [
        ("nucleo-l4r5zi", "pll_n = 60", "pll_n = 61", "is not clock.core_hz"),
        ("nucleo-l4r5zi", "core_hz = 120000000", "core_hz = 128000000", "to 120"),
        ("nucleo-l4r5zi", "pll_r = 2", "pll_r = 3", "pll_r must be"),
        ("nucleo-l4r5zi", '"RCC_APB1ENR2"', '"RCC_AHB1ENR"', "make it one of RCC_APB1ENR1"),
        ("nucleo-l4r5zi", "[[512, 4]]", "[[511, 4]]", "add up to"),
        ("nucleo-l4r5zi", "[[512, 4]]", "[[512, 4, 1]]", "add up to"),
        ("nucleo-l4r5zi", "low_power = true", "low_power = 1", "true or false"),
        ("nrf52840-dk", "core_hz = 64000000", "core_hz = 32000000", "64 MHz"),
        ("nrf52840-dk", '"P0.06"', '"PA6"', "not a pin such as P0.06"),
        ("nrf52840-dk", "baud = 115200", "baud = 2000000", "baud must be in 1 to 1000000"),
        ("nrf52840-dk", "stack_bytes = 4096", "stack_bytes = 4100", "to the size of sram"),
        ("nrf52840-dk", "ram_budget_bytes = 262144", "ram_budget_bytes = 262145", "size of sram together"),
    ],
)
def test_a_wrong_file_of_another_family_is_a_user_error(
    tmp_path: Path, board: str, old: str, new: str, message: str
) -> None:
    text = SHIPPED.with_name(f"{board}.toml").read_text()
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        load_board(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "flash", "sram", "ccm", "mhz", "sectors"),
    [  # RM0090 tables 5 and 61, RM0390 table 4, RM0432 section 3.3.1, nRF52840 product specification section 4.2
        ("stm32f407-discovery", 1 << 20, 128 << 10, 64 << 10, 168, [16] * 4 + [64] + [128] * 7),
        ("nucleo-f446re", 512 << 10, 128 << 10, None, 168, [16] * 4 + [64] + [128] * 3),
        ("nucleo-l4r5zi", 2 << 20, 640 << 10, None, 120, [4] * 512),
        ("nrf52840-dk", 1 << 20, 256 << 10, None, 64, [4] * 256),
    ],
)
def test_other_boards_have_what_their_manuals_say(
    name: str, flash: int, sram: int, ccm: int | None, mhz: int, sectors: list[int]
) -> None:
    board = load_board(name)
    assert (board.flash.size_bytes, board.sram.size_bytes) == (flash, sram)
    assert (board.ccm.size_bytes if board.ccm else None) == ccm
    assert board.ram_budget_bytes == sram + (ccm or 0)
    assert board.clock_hz == mhz * 1_000_000
    assert [sector.size_bytes >> 10 for sector in board.flash_sectors] == sectors
    assert board.stack_region.name == ("ccm" if ccm else "sram")
