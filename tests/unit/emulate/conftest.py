"""Small firmwares, compiled on the spot."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mcu_vision.boards import Board, load_board
from mcu_vision.emulate.unicorn_board import UnicornBoard

_LINKER_SCRIPT = """
ENTRY(reset)
HANDLERS
__stack_bottom = 0x10000000;
__stack_top = 0x10001000;
MEMORY { flash : ORIGIN = 0x08000000, LENGTH = 2M   sram : ORIGIN = 0x20000000, LENGTH = 192K }
SECTIONS {
    .vectors : { KEEP(*(.vectors)) } > flash
    .text : { *(.text*) *(.rodata*) } > flash
    .ARM.exidx : { *(.ARM.exidx*) } > flash
    .data : { *(.data*) } > sram AT> flash
    .bss (NOLOAD) : { *(.bss*) } > sram
    /DISCARD/ : { *(.comment) }
}
"""
# The table up to interrupt 39 (USART3).
_HANDLERS = ("nmi", "hard_fault", "bus_fault", "usage_fault", "sv_call", "pend_sv", "systick", "usart3")
_VECTORS = """
.syntax unified
.thumb
.fpu fpv4-sp-d16
.section .vectors, "a"
.word __stack_top, reset, nmi, hard_fault, 0, bus_fault, usage_fault, 0, 0, 0, 0, sv_call, 0, 0, pend_sv, systick
.rept 39
.word 0
.endr
.word usart3
.text
"""


def assemble(folder: Path, source: str) -> Path:
    """Assemble a program with the vector table before it; each `function NAME` line begins a function."""
    lines = []
    for line in source.splitlines():
        if line.startswith("function "):
            name = line.split()[1]
            line = f".global {name}\n.type {name}, %function\n.thumb_func\n{name}:"
        lines.append(line)
    text = _VECTORS + "\n".join(lines) + "\n"
    (folder / "program.s").write_text(text)
    absent = "".join(f"PROVIDE({handler} = 0);" for handler in _HANDLERS)
    (folder / "program.ld").write_text(_LINKER_SCRIPT.replace("HANDLERS", absent))
    elf = folder / "program.elf"
    command = [sys.executable, "-m", "ziglang", "cc", "-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m4"]
    command += ["-nostdlib", "-T", str(folder / "program.ld"), str(folder / "program.s"), "-o", str(elf)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return elf


@pytest.fixture(scope="session")
def assembler() -> Callable[[Path, str], Path]:
    """Make an ELF file from a program: `assembler(folder, source)`."""
    return assemble


@pytest.fixture(scope="session")
def board() -> Board:
    """The board that all programs run on."""
    return load_board("stm32f439")


@pytest.fixture
def run_program(tmp_path: Path, board: Board) -> Callable[..., UnicornBoard]:
    """Assemble a program and run it until it sleeps for good (or for 10 s of virtual time)."""

    def run(source: str, to_the_end: bool = True, check_alignment: bool = True, **options: bool) -> UnicornBoard:
        emulated = UnicornBoard(assemble(tmp_path, source), board, check_alignment=check_alignment, **options)
        if to_the_end:
            emulated.run(lambda: False, 10.0)
        return emulated

    return run
