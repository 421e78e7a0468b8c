"""Whether a board file describes something that can exist."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from mcu_vision.boards.board import (
    FAMILIES,
    Board,
    Stm32f4Clock,
    Stm32f4Console,
    Stm32l4Clock,
    Stm32l4Console,
)
from mcu_vision.errors import UserError

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_EXAMPLE_PINS = {"stm32f4": "PD8", "stm32l4": "PG7", "nrf52": "P0.06"}

_Rules = Iterator[tuple[bool, str]]


def check_board(board: Board, path: Path) -> None:
    """Raise UserError, naming `path` and the value, for the first one that cannot be."""
    for rules in (_clock_rules, _memory_rules, _console_rules, _text_rules):
        for good, complaint in rules(board):
            if not good:
                raise UserError(f"{path}: {complaint}")


def _clock_rules(board: Board) -> _Rules:
    core_hz = board.clock.core_hz
    yield core_hz > 0 and core_hz % 1_000_000 == 0, "clock.core_hz must be whole MHz"
    if isinstance(board.clock, Stm32f4Clock):
        yield from _stm32f4_clock_rules(board.clock)
    elif isinstance(board.clock, Stm32l4Clock):
        yield from _stm32l4_clock_rules(board.clock)
    else:
        yield core_hz == 64_000_000, "clock.core_hz must be 64 MHz: the chip has no other"


def _bus_rules(core_hz: int, dividers: dict[str, tuple[int, int]]) -> _Rules:
    """dividers: by bus, the divider and the highest MHz."""
    for name, (divider, limit) in dividers.items():
        yield divider in (1, 2, 4, 8, 16), f"clock.{name}_divider must be 1, 2, 4, 8 or 16"
        yield core_hz / divider <= limit * 1e6, f"clock.{name}_divider gives more than {limit} MHz"


def _stm32f4_clock_rules(clock: Stm32f4Clock) -> _Rules:
    core_hz = clock.core_hz
    yield core_hz <= 180_000_000, "clock.core_hz must be whole MHz, to 180"
    yield from _bus_rules(core_hz, {"apb1": (clock.apb1_divider, 45), "apb2": (clock.apb2_divider, 90)})
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


def _stm32l4_clock_rules(clock: Stm32l4Clock) -> _Rules:
    """RM0432 sections 6.2 and 6.4.4; DS12023 table 63."""
    core_hz = clock.core_hz
    yield core_hz <= 120_000_000, "clock.core_hz must be whole MHz, to 120"
    yield from _bus_rules(core_hz, {"apb1": (clock.apb1_divider, 120), "apb2": (clock.apb2_divider, 120)})
    yield 1 <= clock.pll_m <= 16, "clock.pll_m must be in 1 to 16"
    yield 8 <= clock.pll_n <= 127, "clock.pll_n must be in 8 to 127"
    yield clock.pll_r in (2, 4, 6, 8), "clock.pll_r must be 2, 4, 6 or 8"
    good = clock.hsi_hz * clock.pll_n == core_hz * clock.pll_m * clock.pll_r
    yield good, "clock.hsi_hz / pll_m * pll_n / pll_r is not clock.core_hz"


def _memory_rules(board: Board) -> _Rules:
    regions = sorted((board.flash, *board.ram_regions), key=lambda region: region.base)
    for region in regions:
        yield region.base >= 0 and region.size_bytes > 0, f"{region.name} has no size or a negative address"
    for low, high in pairwise(regions):
        yield low.end <= high.base, f"{low.name} and {high.name} overlap"
    sectors = [sector.size_bytes for sector in board.flash_sectors]
    good = all(size > 0 for size in sectors) and sum(sectors) == board.flash.size_bytes
    yield good, "flash.sectors_kib do not add up to flash.size_bytes"
    yield 0 <= board.flash_wait_states <= 15, "flash.wait_states must be in 0 to 15"
    memory = board.stack_region
    good = 512 <= board.stack_bytes <= memory.size_bytes and board.stack_bytes % 8 == 0
    yield good, f"stack_bytes must be a multiple of 8, from 512 to the size of {memory.name}"
    good = 0 < board.ram_budget_bytes <= sum(region.size_bytes for region in board.ram_regions)
    names = " and ".join(region.name for region in board.ram_regions)
    yield good, f"ram_budget_bytes must be in 1 to the size of {names} together"


def _console_rules(board: Board) -> _Rules:
    console, family = board.console, FAMILIES[board.family]
    matches = []
    for name, pin in (("tx_pin", console.tx_pin), ("rx_pin", console.rx_pin)):
        match = re.fullmatch(family.pin, pin)
        yield match is not None, f"console.{name} {pin!r} is not a pin such as {_EXAMPLE_PINS[board.family]}"
        matches.append(match)
    ports = {match["port"] for match in matches if match}
    yield len(ports) == 1, "console.tx_pin and console.rx_pin must be on one port"
    yield 1 < board.interrupts <= 240, "interrupts must be in 2 to 240"
    yield 0 < console.irq < board.interrupts - 1, f"console.irq must be in 1 to {board.interrupts - 2}"
    if isinstance(console, (Stm32f4Console, Stm32l4Console)):
        yield 0 <= console.enable_bit < 32, "console.enable_bit must be in 0 to 31"
        yield 0 <= console.alternate_function < 16, "console.alternate_function must be in 0 to 15"
    fastest = 1_000_000 if board.family == "nrf52" else board.console_clock_hz // 16
    yield 0 < console.baud <= fastest, f"console.baud must be in 1 to {fastest}"


def _text_rules(board: Board) -> _Rules:
    yield bool(_NAME.fullmatch(board.name)), f"name {board.name!r} may hold letters, digits and _.- only"
    yield board.cpu == "cortex-m4", f"cpu {board.cpu!r} is not supported; make it cortex-m4"
