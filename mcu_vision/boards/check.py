"""Whether a board file describes something that can exist."""

import re
from itertools import pairwise
from pathlib import Path

from mcu_vision.boards.board import Board
from mcu_vision.errors import UserError

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_PIN = re.compile(r"P[A-K](\d|1[0-5])")
_INTERRUPTS = 91
_MAX_APB_HZ = {"apb1": 45_000_000, "apb2": 90_000_000}


def check_board(board: Board, path: Path) -> None:
    """Raise UserError, naming `path` and the value, for the first one that cannot be."""
    for good, complaint in _rules(board):
        if not good:
            raise UserError(f"{path}: {complaint}")


def _rules(board: Board) -> list[tuple[bool, str]]:
    return [*_text_rules(board), *_memory_rules(board), *_clock_rules(board)]


def _text_rules(board: Board) -> list[tuple[bool, str]]:
    console = board.console
    return [
        (bool(_NAME.fullmatch(board.name)), f"name {board.name!r} may hold letters, digits and _.- only"),
        (board.cpu == "cortex-m4", f"cpu {board.cpu!r} is not supported; only cortex-m4 is"),
        (bool(_PIN.fullmatch(console.tx_pin)), f"console.tx_pin {console.tx_pin!r} is not a pin such as PD8"),
        (bool(_PIN.fullmatch(console.rx_pin)), f"console.rx_pin {console.rx_pin!r} is not a pin such as PD9"),
        (console.tx_pin[:2] == console.rx_pin[:2], "console.tx_pin and console.rx_pin must be on one port"),
        (0 < console.irq < _INTERRUPTS - 1, f"console.irq {console.irq} is not in 1 to {_INTERRUPTS - 2}"),
        (0 <= console.enable_bit < 32, f"console.enable_bit {console.enable_bit} is not in 0 to 31"),
        (0 <= console.alternate_function < 16, "console.alternate_function is not in 0 to 15"),
        (0 < console.baud <= board.console_clock_hz // 16, f"console.baud {console.baud} is out of reach"),
    ]


def _memory_rules(board: Board) -> list[tuple[bool, str]]:
    regions = sorted((board.flash, board.sram, board.ccm), key=lambda region: region.base)
    sectors = [sector.size_bytes for sector in board.flash_sectors]
    return [
        (all(region.size_bytes > 0 and region.base >= 0 for region in regions), "a memory has no size"),
        (
            all(low.end <= high.base for low, high in pairwise(regions)),
            "flash, sram and ccm overlap",
        ),
        (
            all(sectors) and sum(sectors) == board.flash.size_bytes,
            f"flash.sectors_kib add up to {sum(sectors)} bytes, flash.size_bytes is {board.flash.size_bytes}",
        ),
        (
            512 <= board.stack_bytes <= board.ccm.size_bytes and board.stack_bytes % 8 == 0,
            "stack_bytes must be a multiple of 8 from 512 to the size of ccm",
        ),
        (
            0 < board.ram_budget_bytes <= board.sram.size_bytes + board.ccm.size_bytes,
            "ram_budget_bytes is more than sram and ccm together",
        ),
        (0 <= board.flash_wait_states <= 15, "flash.wait_states is not in 0 to 15"),
    ]


def _clock_rules(board: Board) -> list[tuple[bool, str]]:
    clock = board.clock
    dividers = (clock.apb1_divider, clock.apb2_divider)
    rules = [
        (
            all(divider in (1, 2, 4, 8, 16) for divider in dividers),
            "clock.apb*_divider must be 1, 2, 4, 8 or 16",
        ),
        (clock.pll_p in (2, 4, 6, 8), "clock.pll_p must be 2, 4, 6 or 8"),
        (2 <= clock.pll_q <= 15, "clock.pll_q is not in 2 to 15"),
        (50 <= clock.pll_n <= 432, "clock.pll_n is not in 50 to 432"),
        (
            0 < clock.core_hz <= 180_000_000 and clock.core_hz % 1_000_000 == 0,
            "clock.core_hz must be whole MHz to 180",
        ),
    ]
    for name, divider in (("apb1", clock.apb1_divider), ("apb2", clock.apb2_divider)):
        limit = _MAX_APB_HZ[name]
        rules.append(
            (
                divider > 0 and clock.core_hz // divider <= limit,
                f"clock.{name}_divider gives more than {limit} Hz",
            )
        )
    for name, oscillator_hz, m in (
        ("hse", clock.hse_hz, clock.pll_m_hse),
        ("hsi", clock.hsi_hz, clock.pll_m_hsi),
    ):
        good = 2 <= m <= 63 and oscillator_hz * clock.pll_n == clock.core_hz * m * clock.pll_p
        rules.append((good, f"clock.{name}_hz / pll_m_{name} * pll_n / pll_p is not clock.core_hz"))
    return rules
