"""Stands in for Renode where there is none: the monitor as telnet, a UART as a TCP socket, the firmware behind it in
the embedded emulator. It knows the commands that were seen to work on Renode 1.16.1, and refuses all others.

FAKE_RENODE says what goes wrong: "hang" (no prompt), "die" (ends at `start`), "refuse" (an error at LoadELF),
"mute" (the console says nothing), "outside" (logs an access outside the memories), "log" (hooks print to the process's
output instead of the monitor).
"""

import os
import re
import select
import socket
import sys
from pathlib import Path
from typing import Any

from mcu_vision.boards import load_board
from mcu_vision.emulate.unicorn_board import UnicornBoard

FAULT = os.environ.get("FAKE_RENODE", "")
TELNET_OPTIONS = b"\xff\xfd\x03\xff\xfb\x03\xff\xfb\x01"
OUTSIDE = (
    "12:00:00.0000 [WARNING] sysbus: [cpu: 0x8000084] WriteDoubleWord to non existing peripheral at 0x20030000, "
    "value 0x1."
)


class Refusal(Exception):  # noqa: N818
    """The monitor's answer to what it does not understand."""


class FakeRenode:
    def __init__(self, port: int) -> None:
        listener = socket.create_server(("127.0.0.1", port))
        self.monitor, _ = listener.accept()
        self.prompt = "(monitor) "
        self.board: UnicornBoard | None = None
        self.memories: list[tuple[int, int]] = []
        self.terminal: socket.socket | None = None
        self.console: socket.socket | None = None
        self.connected = self.started = self.ended = False
        self.commands = {
            r'mach create "(\w+)"': self.create,
            r"machine LoadPlatformDescription @(/\S+)": self.load_platform,
            r"sysbus LoadELF @(/\S+)": self.load_elf,
            r"sysbus LoadBinary @(/\S+) (0x[0-9A-F]+)": self.load_binary,
            r'emulation CreateServerSocketTerminal (\d+) "console" false': self.create_terminal,
            r"connector Connect sysbus\.usart3 console": self.connect,
            r"cpu AddHook (0x[0-9A-F]+) \"print '([\w-]+)', self\.ExecutedInstructions\"": self.add_hook,
            r"sysbus ReadDoubleWord (0x[0-9A-F]+)": self.read_word,
            r"sysbus WriteDoubleWord (0x[0-9A-F]+) (0x[0-9A-F]+)": self.write_word,
            r"sysbus\.cpu ExecutedInstructions": lambda: f"0x{self.machine.instructions:016X}",
            r"sysbus\.cpu PC": lambda: "0x8000000",
            r"start": self.start,
            r"quit": self.quit,
        }

    @property
    def machine(self) -> UnicornBoard:
        if self.board is None:
            raise Refusal("No such command or device: sysbus")
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

    def load_elf(self, path: str) -> str:
        if FAULT == "refuse":
            raise Refusal(
                "There was an error executing command 'sysbus LoadELF'\nParameters did not match the signature"
            )
        board = load_board("stm32f439")
        regions = {(region.base, region.size_bytes) for region in (board.flash, *board.ram_regions)}
        if not regions <= set(self.memories):
            raise Refusal(f"There was an error: the platform has {self.memories}")
        self.board = UnicornBoard(Path(path), board)
        return ""

    def load_binary(self, path: str, address: str) -> str:
        self.machine.write_memory(int(address, 16), Path(path).read_bytes())
        return ""

    def create_terminal(self, port: str) -> str:
        self.terminal = socket.create_server(("127.0.0.1", int(port)))
        return ""

    def connect(self) -> str:
        self.connected = True
        return ""

    def add_hook(self, address: str, text: str) -> str:
        def reached() -> None:
            self.say_from_hook(f"{text} {self.machine.instructions}")

        self.machine._calls.on_entry(int(address, 16), reached)
        return ""

    def say_from_hook(self, line: str) -> None:
        if FAULT == "log":
            print(line, flush=True)
        else:
            self.say(line + "\n")

    def read_word(self, address: str) -> str:
        return f"0x{int.from_bytes(self.machine.read_memory(int(address, 16), 4), 'little'):08X}"

    def write_word(self, address: str, value: str) -> str:
        self.machine.write_memory(int(address, 16), int(value, 16).to_bytes(4, "little"))
        return ""

    def start(self) -> str:
        if FAULT == "die":
            print("Fatal error: out of luck", flush=True)
            os._exit(3)
        if FAULT == "outside":
            print(OUTSIDE, flush=True)
        self.started = True
        return "Starting emulation..."

    def quit(self) -> str:
        self.ended = True
        return "Renode is quitting"

    def say(self, text: str) -> None:
        self.monitor.sendall(text.replace("\n", "\r\n").encode())

    def execute(self, line: str) -> None:
        self.say(line + "\n")
        try:
            for pattern, function in self.commands.items():
                match = re.fullmatch(pattern, line)
                if match:
                    action: Any = function
                    answer = action(*match.groups())
                    break
            else:
                raise Refusal(f"No such command or device: {line.split()[0]}")
        except Refusal as refusal:
            answer = str(refusal)
        self.say((answer + "\n" if answer else "") + self.prompt)

    def serve(self) -> None:
        self.monitor.sendall(TELNET_OPTIONS)
        if FAULT != "hang":
            self.say("Renode, version 1.16.1\n" + self.prompt)
        pending = b""
        while not self.ended:
            sockets = [s for s in (self.monitor, self.terminal, self.console) if s is not None]
            for ready in select.select(sockets, [], [], 0.001 if self.started else 0.2)[0]:
                if ready is self.terminal:
                    self.console, _ = self.terminal.accept()
                    continue
                data = ready.recv(65536)
                if not data:
                    return
                if ready is self.monitor:
                    *lines, pending = (pending + data).split(b"\n")
                    for line in lines:
                        self.execute(line.decode().rstrip("\r"))
                elif self.connected:
                    self.machine.send(data)
            if self.started:
                self.machine.run(lambda: b"\n" in self.machine._output, 0.01)
                output = self.machine.take_output()
                if self.console is not None and FAULT != "mute":
                    self.console.sendall(output)


if __name__ == "__main__":
    *options, port = sys.argv[1:]
    assert options == ["--disable-gui", "--plain", "-P"]
    FakeRenode(int(port)).serve()
