"""The firmware on Renode; implements interface.Emulator.

Renode runs by itself, in real time or slower; times are real seconds. Commands are those of Renode 1.16.
"""

import re
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType

from mcu_vision.boards import Board
from mcu_vision.device.console import Console
from mcu_vision.emulate.call_sites import return_addresses
from mcu_vision.emulate.firmware_elf import load_firmware_elf
from mcu_vision.emulate.interface import EmulationFault
from mcu_vision.emulate.renode_console import RenodeConsole
from mcu_vision.emulate.renode_install import require_renode
from mcu_vision.emulate.renode_monitor import RenodeMonitor
from mcu_vision.emulate.renode_platform import boot_commands, monitor_path, render_platform
from mcu_vision.emulate.renode_process import RenodeProcess, free_port
from mcu_vision.errors import UserError
from mcu_vision.files import atomic_write
from mcu_vision.resources import resource

_WORD = 4
_WINDOW, _WINDOW_BYTES = 0x60000000, 0x100000  # those of renode/image_window.repl
_OUTSIDE = "non existing peripheral"
_ACCESS = re.compile(
    r"\[\w+: (0x[0-9A-Fa-f]+)[^\]]*\] (Read|Write)(\w+) (?:to|from) non existing peripheral at (0x[0-9A-Fa-f]+)"
)
_SIZES = {"Byte": 1, "Word": 2, "DoubleWord": 4, "QuadWord": 8}
_COUNT = re.compile(r"mcu-vision-(entry|exit) (\d+) end")  # whole: the log may be written in between
_BOOT_S, _COMMAND_S = 300.0, 3600.0  # of real time, on a machine that is slow and busy
_PRINT_S = 10.0
_METRICS = "metrics.dump"


class RenodeBoard:
    """A board that runs one firmware. `pty`: offer the console there, for other programs, instead of to this object.
    `metrics`: where Renode's profiler writes what it sees.
    """

    def __init__(self, elf_path: Path, board: Board, pty: Path | None = None, metrics: Path | None = None) -> None:
        """Raises UserError if Renode is not there, does not start, or the firmware is none."""
        self.board = board
        self._elf = load_firmware_elf(elf_path)
        self._metrics, self._pty, platform = metrics, pty, render_platform(board)
        if pty is not None and pty.exists() and not pty.is_symlink():
            raise UserError(f"cannot make the link {pty}: a file is there; choose another")
        executable = require_renode()
        # Renode deletes folders named renode-* in the temporary folder when it starts.
        self._folder = Path(tempfile.mkdtemp(prefix="mcu-vision-"))
        self._terminal: RenodeConsole | None = None
        self._mapped = False
        self._prints = True
        port = free_port()
        try:
            self._process = RenodeProcess(executable, port)
        except UserError:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        try:
            self._monitor = RenodeMonitor(self._process, port)
            self._create(platform)
        except BaseException:
            self.close()
            raise

    def _create(self, platform: str) -> None:
        description, elf = self._folder / "board.repl", self._folder / "firmware.elf"
        description.write_text(platform)
        shutil.copyfile(self._elf.path, elf)  # whose own path may have characters that the monitor does not take
        for command in boot_commands(description, elf):
            self._monitor.command(command)
        if self._metrics is not None:
            self._monitor.command(f"machine EnableProfiler {monitor_path(self._folder / _METRICS)}")
        if self._pty is not None:
            self._monitor.command(f'emulation CreateUartPtyTerminal "console" "{self._pty.absolute()}" true')
            self._connect()
            return
        port = free_port()
        self._monitor.command(f'emulation CreateServerSocketTerminal {port} "console" false')
        self._connect()
        self._terminal = RenodeConsole(self._process, port)
        self.console = Console(self._terminal)

    def _connect(self) -> None:
        self._monitor.command(f"connector Connect sysbus.{self.board.console.peripheral} console")

    @property
    def transport(self) -> RenodeConsole:
        """The console's line. Raises UserError if it is a pseudo-terminal."""
        if self._terminal is None:
            raise UserError("the console of this board is a pseudo-terminal; open that")
        return self._terminal

    @property
    def running(self) -> bool:
        """Whether Renode has not ended."""
        return not self._process.ended

    def ended(self) -> UserError:
        """Why: for when it has ended by itself."""
        return self._process.failure("Renode has ended")

    def start(self) -> None:
        """Let the machine run from reset."""
        self._monitor.command("start")

    def boot(self, timeout_s: float = _BOOT_S) -> list[str]:
        """Run from reset; return the console lines before the first "m-ready"."""
        self.start()
        lines = self.console.wait_ready(timeout_s)
        self._check_log()
        return lines

    def command(self, text: str, timeout_s: float = _COMMAND_S) -> list[str]:
        """Send a console command; return the lines of its answer without "m-ready"; see device.console.

        Raises EmulationFault after an access outside memories and peripherals, which Renode only logs.
        """
        lines = self.console.command(text, timeout_s)
        self._check_log()
        return lines

    def send(self, data: bytes) -> None:
        """Send bytes to the console's receiver."""
        self.transport.write(data)

    def read_line(self, timeout_s: float) -> str:
        """The console's next line. Raises TimeoutError."""
        return self.transport.read_line(timeout_s)

    def _check_log(self) -> None:
        line = next((line for line in self._process.log if _OUTSIDE in line), None)
        if line is None:
            return
        access = _ACCESS.search(line)
        if access is None:
            raise EmulationFault(f"access outside the memories ({line})", 0, 0, 0, "?", "seen in Renode's log")
        pc, kind, width, address = access.groups()
        function = self._elf.describe(int(pc, 16))
        raise EmulationFault(
            kind.lower(), int(address, 16), _SIZES.get(width, 0), int(pc, 16), function, "seen in Renode's log"
        )

    def read_memory(self, address: int, size: int) -> bytes:
        """Read `size` bytes, word by word: for a few of them."""
        first = address & -_WORD
        words = [
            self._monitor.number(f"sysbus ReadDoubleWord 0x{at:08X}") for at in range(first, address + size, _WORD)
        ]
        data = b"".join(word.to_bytes(_WORD, "little") for word in words)
        return data[address - first : address - first + size]

    def write_memory(self, address: int, data: bytes) -> None:
        """Write memory, as a debugger would."""
        if len(data) == _WORD and address % _WORD == 0:
            value = int.from_bytes(data, "little")
            self._monitor.command(f"sysbus WriteDoubleWord 0x{address:08X} 0x{value:08X}")
            return
        image = self._folder / "data.bin"
        image.write_bytes(data)
        self._monitor.command(f"sysbus LoadBinary {monitor_path(image)} 0x{address:08X}")

    def map_memory(self, address: int, size: int) -> None:
        """Add the window for images; UserError for anything else."""
        if address != _WINDOW or size > _WINDOW_BYTES:
            raise UserError(f"Renode has {_WINDOW_BYTES:,} bytes for images at 0x{_WINDOW:08x}; use --emulator unicorn")
        if not self._mapped:
            window = self._folder / "image_window.repl"
            shutil.copyfile(resource("renode", window.name), window)
            self._monitor.command(f"machine LoadPlatformDescription {monitor_path(window)}")
            self._mapped = True

    def symbol(self, name: str) -> int:
        """The address of a symbol, without the Thumb bit. Raises KeyError."""
        return self._elf.symbols[name]

    def stack_high_water(self) -> int:
        """The most bytes of stack in use so far, as the firmware counts its paint."""
        line = next(line for line in self.command("ram%") if line.startswith("m-stack-["))
        return int(line.removeprefix("m-stack-[").split()[0])

    @property
    def instructions(self) -> int:
        """Instructions executed since reset."""
        return self._monitor.number("sysbus.cpu ExecutedInstructions")

    def count_calls(self, function: str) -> None:
        """From now on, note the executed instructions at entry and exit of each call of `function`. Raises KeyError."""
        hooks = [("entry", self.symbol(function))]
        hooks += [("exit", address) for address in return_addresses(self._elf, self.symbol(function))]
        for name, address in hooks:
            self._monitor.command(
                f"sysbus.cpu AddHook 0x{address:08X} \"print 'mcu-vision-{name}', self.ExecutedInstructions, 'end'\""
            )

    def call_instructions(self, at_least: int = 0) -> list[int]:
        """Instructions of each call noted so far, in order; empty where Renode does not show what its hooks print.

        at_least: so many calls have been made; what their hooks printed may come a moment later than the console.
        """
        self._monitor.number("sysbus.cpu PC")  # what the hooks have printed to the monitor comes before this answer
        deadline = time.monotonic() + (_PRINT_S if self._prints else 0.0)
        while len(counts := self._noted()) < at_least and time.monotonic() < deadline:
            time.sleep(0.05)
        self._prints = len(counts) >= at_least
        self._check_log()
        return counts

    def _noted(self) -> list[int]:
        """Hooks print to the monitor, or, where no command of it is Python's, to what Renode writes."""
        for text in (self._monitor.heard, "\n".join(self._process.log)):
            counts: list[int] = []
            entry: int | None = None
            for kind, number in _COUNT.findall(text):
                if kind == "exit" and entry is not None:
                    counts.append(int(number) - entry)
                entry = int(number) if kind == "entry" else None
            if counts:
                return counts
        return []

    def close(self) -> None:
        """End Renode and remove what was written for it."""
        if self._terminal is not None:
            self._terminal.close()
        monitor = getattr(self, "_monitor", None)
        if monitor is not None:
            monitor.quit()
        self._process.close(wait=monitor is not None)
        written = self._folder / _METRICS
        if self._metrics is not None and written.exists():
            atomic_write(self._metrics, written.read_bytes())
        if self._pty is not None and self._pty.is_symlink():
            self._pty.unlink()  # which Renode does, unless it was ended
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> "RenodeBoard":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
