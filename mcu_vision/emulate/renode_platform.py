"""Renode's description of a board, from its board file."""

from pathlib import Path

from mcu_vision.boards import Board
from mcu_vision.errors import UserError
from mcu_vision.templates import c_templates


def render_platform(board: Board) -> str:
    """The .repl file of an STM32F4 board. Raises UserError for other chips."""
    if board.family != "stm32f4":
        raise UserError(f"Renode runs STM32F4 boards here, and {board.name} is none; use --emulator unicorn")
    return c_templates().get_template("board.repl.j2").render(board=board, memories=(board.flash, *board.ram_regions))


def monitor_path(path: Path) -> str:
    """A file as Renode's monitor takes it: a blank would end it."""
    return "@" + str(path.absolute()).replace(" ", "\\ ")


def boot_commands(platform: Path, elf: Path) -> tuple[str, ...]:
    """Monitor commands that make the machine with its firmware; it does not run yet."""
    return (
        'mach create "board"',
        f"machine LoadPlatformDescription {monitor_path(platform)}",
        f"sysbus LoadELF {monitor_path(elf)}",
    )
