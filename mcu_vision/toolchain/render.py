"""Renders what the C sources and the linker must know of a board."""

import re
from typing import Any

from mcu_vision.boards import FAMILIES, Board
from mcu_vision.templates import c_templates

# RCC_CFGR's code for a bus divider: RM0090 section 6.3.3.
_PRESCALER = {1: 0, 2: 4, 4: 5, 8: 6, 16: 7}


def render_board_header(board: Board) -> str:
    """board.h: clock tree, flash wait states and console as macros."""
    family = FAMILIES[board.family]
    tx, rx = (re.fullmatch(family.pin, pin) for pin in (board.console.tx_pin, board.console.rx_pin))
    assert tx is not None, "a board file is checked when it is loaded"
    assert rx is not None
    return _render(
        "board.h.j2",
        board=board,
        prescaler=_PRESCALER,
        tx_pin=int(tx["number"]),
        rx_pin=int(rx["number"]),
        port="ABCDEFGHIJK".find(tx["port"]),
        gpio_base=family.gpio_base,
    )


def render_linker_script(board: Board) -> str:
    """The linker script: memories, and what lies where in them."""
    return _render("linker.ld.j2", board=board, memories=(board.flash, *board.ram_regions))


def _render(template: str, **values: Any) -> str:
    return c_templates().get_template(template).render(**values)
