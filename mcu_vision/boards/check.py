"""Whether a board file describes something that can exist."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from mcu_vision.boards.board import Board
from mcu_vision.errors import UserError

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_PIN = re.compile(r"P[A-K](\d|1[0-5])")
_INTERRUPTS = 91

_Rules = Iterator[tuple[bool, str]]


def check_board(board: Board, path: Path) -> None:
    """Raise UserError, naming `path` and the value, for the first one that cannot be."""
    for rules in (_clock_rules, _memory_rules, _console_rules, _text_rules):
        for good, complaint in rules(board):
            if not good:
                raise UserError(f"{path}: {complaint}")


def _clock_rules(board: Board) -> _Rules:
    clock = board.clock
    core_hz = clock.core_hz
    yield 0 < core_hz <= 180_000_000 and core_hz % 1_000_000 == 0, "clock.core_hz must be whole MHz, to 180"
    for name, divider, limit in (("apb1", clock.apb1_divider, 45), ("apb2", clock.apb2_divider, 90)):
        yield divider in (1, 2, 4, 8, 16), f"clock.{name}_divider must be 1, 2, 4, 8 or 16"
        yield core_hz / divider <= limit * 1e6, f"clock.{name}_divider gives more than {limit} MHz"
    yield clock.pll_p in (2, 4, 6, 8), "clock.pll_p must be 2, 4, 6 or 8"
    yield 2 <= clock.pll_q <= 15, "clock.pll_q must be in 2 to 15"
    yield 50 <= clock.pll_n <= 432, "clock.pll_n must be in 50 to 432"
    for name, oscillator_hz, m in (
        ("hse", clock.hse_hz, clock.pll_m_hse),
        ("hsi", clock.hsi_hz, clock.pll_m_hsi),
    ):
        yield 2 <= m <= 63, f"clock.pll_m_{name} must be in 2 to 63"
        good = oscillator_hz * clock.pll_n == core_hz * m * clock.pll_p
        yield good, f"clock.{name}_hz / pll_m_{name} * pll_n / pll_p is not clock.core_hz"


def _memory_rules(board: Board) -> _Rules:
    regions = sorted((board.flash, board.sram, board.ccm), key=lambda region: region.base)
    for region in regions:
        yield region.base >= 0 and region.size_bytes > 0, f"{region.name} has no size or a negative address"
    for low, high in pairwise(regions):
        yield low.end <= high.base, f"{low.name} and {high.name} overlap"
    sectors = [sector.size_bytes for sector in board.flash_sectors]
    good = all(size > 0 for size in sectors) and sum(sectors) == board.flash.size_bytes
    yield good, "flash.sectors_kib do not add up to flash.size_bytes"
    yield 0 <= board.flash_wait_states <= 15, "flash.wait_states must be in 0 to 15"
    good = 512 <= board.stack_bytes <= board.ccm.size_bytes and board.stack_bytes % 8 == 0
    yield good, "stack_bytes must be a multiple of 8, from 512 to the size of ccm"
    good = 0 < board.ram_budget_bytes <= board.sram.size_bytes + board.ccm.size_bytes
    yield good, "ram_budget_bytes must be in 1 to the size of sram and ccm together"


def _console_rules(board: Board) -> _Rules:
    console = board.console
    for name, pin in (("tx_pin", console.tx_pin), ("rx_pin", console.rx_pin)):
        yield bool(_PIN.fullmatch(pin)), f"console.{name} {pin!r} is not a pin such as PD8"
    yield console.tx_pin[1] == console.rx_pin[1], "console.tx_pin and console.rx_pin must be on one port"
    yield 0 < console.irq < _INTERRUPTS - 1, f"console.irq must be in 1 to {_INTERRUPTS - 2}"
    yield 0 <= console.enable_bit < 32, "console.enable_bit must be in 0 to 31"
    yield 0 <= console.alternate_function < 16, "console.alternate_function must be in 0 to 15"
    fastest = board.console_clock_hz // 16
    yield 0 < console.baud <= fastest, f"console.baud must be in 1 to {fastest}"


def _text_rules(board: Board) -> _Rules:
    yield bool(_NAME.fullmatch(board.name)), f"name {board.name!r} may hold letters, digits and _.- only"
    yield board.family == "stm32f4", f"family {board.family!r} is not supported; make it stm32f4"
    yield board.cpu == "cortex-m4", f"cpu {board.cpu!r} is not supported; make it cortex-m4"
