"""The commands of Renode's monitor that this product uses, carried out by the embedded emulator. They are those that
were seen to work on Renode 1.16.1; all others are refused.
"""

import os
import re
import socket
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcu_vision.boards import load_board
from mcu_vision.emulate.unicorn_board import UnicornBoard

FLASH_INTERFACE = 0x40023C00
FILE = r"@(/(?:\\ |[^\s\\])+)"  # blanks are escaped


class RefusalError(Exception):
    """The monitor's answer to what it does not understand."""


class FakeMachine:
    """`on_print` gets what hooks print."""

    def __init__(self, on_print: Callable[[str], None] = print) -> None:
        self.on_print = on_print
        self.prompt = "(monitor) "
        self.board: UnicornBoard | None = None
        self.memories: list[tuple[int, int]] = []
        self.terminal: socket.socket | None = None
        self.pty: int | None = None
        self.connected = self.started = self.ended = False
        self.commands: dict[str, Callable[..., str]] = {
            r'mach create "(\w+)"': self.create,
            rf"machine LoadPlatformDescription {FILE}": self.load_platform,
            rf"machine EnableProfiler {FILE}": self.enable_profiler,
            rf"sysbus LoadELF {FILE}": self.load_elf,
            rf"sysbus LoadBinary {FILE} (0x[0-9A-Fa-f]+)": self.load_binary,
            r'emulation CreateServerSocketTerminal (\d+) "console" false': self.create_terminal,
            r'emulation CreateUartPtyTerminal "console" "(/\S+)" true': self.create_pty,
            r"connector Connect sysbus\.usart3 console": self.connect,
            r"sysbus\.cpu AddHook (0x[0-9A-F]+) \"print '([\w-]+)', self\.ExecutedInstructions, 'end'\"": self.add_hook,
            r'sysbus GetSymbolAddress "(\w+)"': lambda name: f"0x{self.machine.symbol(name):08X}",
            r"sysbus ReadDoubleWord (0x[0-9A-Fa-f]+)": self.read_word,
            r"sysbus WriteDoubleWord (0x[0-9A-Fa-f]+) (0x[0-9A-Fa-f]+)": self.write_word,
            r"sysbus\.cpu ExecutedInstructions": lambda: f"0x{self.machine.instructions:016X}",
            r"sysbus\.cpu PC": lambda: "0x8000000",
            r"start": self.start,
            r"quit": self.quit,
        }

    def execute(self, line: str) -> str:
        """The answer to a command. Raises RefusalError."""
        for pattern, function in self.commands.items():
            match = re.fullmatch(pattern, line)
            if match:
                action: Any = function
                return str(action(*(group.replace("\\ ", " ") for group in match.groups())))
        raise RefusalError(f"No such command or device: {line}")

    @property
    def machine(self) -> UnicornBoard:
        if self.board is None:
            raise RefusalError("No such command or device: sysbus")
        return self.board

    def create(self, name: str) -> str:
        self.prompt = f"({name}) "
        return ""

    def load_platform(self, path: str) -> str:
        text = Path(path).read_text()
        self.memories += [(int(a, 16), int(b, 16)) for a, b in re.findall(r"sysbus (0x\w+)\n\s+size: (0x\w+)", text)]
        if self.board is not None:
            self.board.map_memory(*self.memories[-1])
        return ""

    def enable_profiler(self, path: str) -> str:
        Path(path).write_bytes(b"metrics")
        return ""

    def load_elf(self, path: str) -> str:
        board = load_board("stm32f439")
        regions = {(region.base, region.size_bytes) for region in (board.flash, *board.ram_regions)}
        if not regions <= set(self.memories):
            raise RefusalError(f"There was an error: the platform has {self.memories}")
        self.board = UnicornBoard(Path(path), board, deliver_faults=True)
        return ""

    def load_binary(self, path: str, address: str) -> str:
        self.machine.write_memory(int(address, 16), Path(path).read_bytes())
        return ""

    def create_terminal(self, port: str) -> str:
        self.terminal = socket.create_server(("127.0.0.1", int(port)))
        return ""

    def create_pty(self, path: str) -> str:
        self.pty, terminal = os.openpty()
        tty.setraw(terminal)
        os.symlink(os.ttyname(terminal), path)
        return ""

    def connect(self) -> str:
        self.connected = True
        return ""

    def add_hook(self, address: str, text: str) -> str:
        def reached() -> None:
            self.on_print(f"{text} {self.machine.instructions} end")

        self.machine._calls.on_entry(int(address, 16), reached)
        return ""

    def read_word(self, address: str) -> str:
        at = int(address, 16)
        if at == FLASH_INTERFACE:
            interface = next(p for p in self.machine._machine.chip.all if p.base == FLASH_INTERFACE)
            return f"0x{interface.read(0, 4):08X}"
        return f"0x{int.from_bytes(self.machine.read_memory(at, 4), 'little'):08X}"

    def write_word(self, address: str, value: str) -> str:
        self.machine.write_memory(int(address, 16), int(value, 16).to_bytes(4, "little"))
        return ""

    def start(self) -> str:
        self.started = True
        return "Starting emulation..."

    def quit(self) -> str:
        self.ended = True
        return "Renode is quitting"
