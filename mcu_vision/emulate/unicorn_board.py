"""The embedded emulator of STM32F4 boards, on Unicorn."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from mcu_vision.boards import Board
from mcu_vision.device.console import Console
from mcu_vision.emulate.block_counter import LINE_BYTES
from mcu_vision.emulate.firmware_elf import DataObject, load_firmware_elf
from mcu_vision.emulate.profile import Profile, ProfileRecorder
from mcu_vision.emulate.pty_bridge import PtyBridge
from mcu_vision.emulate.ram_watch import TOUCHED
from mcu_vision.emulate.unicorn_calls import CallHooks, CallRecord
from mcu_vision.emulate.unicorn_guard import ArenaGuard
from mcu_vision.emulate.unicorn_machine import Machine, Outcome
from mcu_vision.emulate.unicorn_profiler import CallProfiler
from mcu_vision.errors import UserError
from mcu_vision.plan import Program

STACK_PAINT = bytes.fromhex("a5a5a5a5")


class UnicornBoard:
    """A board that runs one firmware, unmodified; implements interface.Emulator.

    Virtual time is the estimated cycles of the executed code, stalls on flash included, over the board's clock; the
    firmware sees it in SysTick and in DWT's cycle counter. Instructions are always counted, exactly.
    `deliver_faults`: faults go to the firmware's own handlers instead of raising EmulationFault. `check_alignment`:
    look at every data access, which takes three times as long: multiple, dual and floating-point accesses that are
    misaligned fault, as on silicon, and the extra cycles of other misaligned ones enter the estimates. `watch_ram`:
    look at every access to RAM, for guard_arenas() and touched_ram(). `count_traffic`: the bytes of every access
    enter profile_calls().
    """

    def __init__(
        self,
        elf_path: Path,
        board: Board,
        *,
        deliver_faults: bool = False,
        check_alignment: bool = False,
        watch_ram: bool = False,
        count_traffic: bool = False,
    ) -> None:
        """Raises UserError if the file is no firmware for this board, or where no C compiler is at hand."""
        self._calls = CallHooks()
        self._machine = Machine(
            load_firmware_elf(elf_path),
            board,
            deliver_faults,
            check_alignment,
            watch_ram,
            self._calls.reached,
            count_traffic,
        )
        self._calls.attach(self._machine)
        self._callbacks: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)
        if watch_ram and "main" in self._machine.elf.symbols:
            self._calls.on_entry(self.symbol("main"), self._forget_paint)
        self._output = bytearray()
        self._machine.console.on_transmit = self._transmitted
        self._recorder = ProfileRecorder(self._machine.counter.snapshot)
        self.board = board
        self.console = Console(self)

    def boot(self, timeout_s: float = 10.0) -> list[str]:
        """Run from reset; return the console lines before the first "m-ready"."""
        self._machine.reset()
        self._output.clear()
        return self.console.wait_ready(timeout_s)

    def command(self, text: str, timeout_s: float = 120.0) -> list[str]:
        """Send a console command; return the lines of its answer without "m-ready"; see device.console."""
        return self.console.command(text, timeout_s)

    def send(self, data: bytes) -> None:
        """Queue bytes for the console's receiver."""
        self._machine.console.receive(data)

    write = send  # the name in device.console.LineTransport

    def read_line(self, timeout_s: float) -> str:
        """Run until the console has sent a line; return it without its end.

        Raises TimeoutError after `timeout_s` of virtual time, or when the firmware sleeps for good;
        EmulationFault.
        """
        if self.run(lambda: b"\n" in self._output, timeout_s) is not Outcome.DONE:
            raise TimeoutError
        line, _, rest = bytes(self._output).partition(b"\n")
        self._output[:] = rest
        return line.rstrip(b"\r").decode("ascii", "replace")

    def take_output(self) -> bytes:
        """What the console has sent and nobody has read."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def run(self, done: Callable[[], bool], timeout_s: float) -> Outcome:
        """Run until `done()` or the end of `timeout_s` of virtual time. `done` is asked between slices of execution.

        Raises EmulationFault.
        """
        return self._machine.run(done, round(timeout_s * self.board.clock_hz))

    def _transmitted(self, byte: int) -> None:
        self._output.append(byte)
        if byte == ord("\n"):
            self._machine.counter.stop_soon()

    def read_memory(self, address: int, size: int) -> bytes:
        """Read `size` bytes of flash or RAM. Raises ValueError where there is none."""
        return self._machine.engine.read_memory(address, size)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write flash or RAM, as a debugger would. Raises ValueError where there is none."""
        self._machine.engine.write_memory(address, data)

    def map_memory(self, address: int, size: int) -> None:
        """Add memory that the chip does not have, which code may only read; no effect where it is already."""
        self._machine.engine.map_memory(address, size)

    def symbol(self, name: str) -> int:
        """The address of a symbol, without the Thumb bit. Raises KeyError."""
        return self._machine.elf.symbols[name]

    def on_call(self, function: str, callback: Callable[..., None] | None) -> None:
        """Call `callback(board, r0, r1, r2, r3)` at each entry of `function`; None removes its hooks.

        What the board has counted then excludes the function. Raises KeyError.
        """
        address = self.symbol(function)
        if callback is None:
            for entered in self._callbacks.pop(function, ()):
                self._calls.remove(address, entered)
            return
        engine = self._machine.engine
        hook = callback
        self._callbacks[function].append(lambda: hook(self, *(engine.read(f"r{i}") for i in range(4))))
        self._calls.on_entry(address, self._callbacks[function][-1])

    def record_calls(self, function: str) -> list[CallRecord]:
        """Return a list that grows by a record with each completed call of `function`. Raises KeyError."""
        records: list[CallRecord] = []
        self._calls.record(self.symbol(function), records)
        return records

    def guard_arenas(self, program: Program, prefix: str) -> None:
        """From now on, every access of an inference to the arenas must be one that `program` gives to the running
        step; else emulation raises ArenaViolation. Needs watch_ram. Raises KeyError.
        """
        ArenaGuard(self._machine, self._calls, program, prefix)

    def touched_ram(self) -> dict[str, npt.NDArray[np.bool_]]:
        """For each memory, which of its bytes code has read or written since power-on; the stack's paint does not
        count. Needs watch_ram.
        """
        return {name: watch.touched() for name, watch in self._machine.engine.ram.items()}

    @property
    def instructions(self) -> int:
        """Instructions executed since power-on, exact."""
        return int(self._machine.counter.state.instructions)

    @property
    def cycles_estimated(self) -> int:
        """Estimated cycles since power-on, without wait states, sleep excluded; see cycle_model."""
        return int(self._machine.counter.state.cycles)

    @property
    def cycles_flash_model(self) -> int:
        """The same with the stalls of the flash accelerator."""
        return self._machine.counter.now

    @property
    def profile(self) -> bool:
        """Whether what runs enters profile_result(). Setting True forgets the profile before."""
        return self._recorder.running

    @profile.setter
    def profile(self, on: bool) -> None:
        if on:
            self._recorder.clear()
            self._recorder.start()
        elif self._recorder.running:
            self._recorder.stop()

    def profile_function(self, function: str) -> None:
        """From now on, profile the calls of `function` alone, with all that it calls. Raises KeyError."""
        self._recorder.clear()

        def entered() -> None:
            if not self._recorder.running:
                self._recorder.start()
                self._calls.on_return(self._recorder.stop)

        self._calls.on_entry(self.symbol(function), entered)

    def profile_result(self) -> Profile:
        """What ran while profiling was on."""
        return self._recorder.result(self._machine.counter.timings, self._machine.elf.name_at)

    def flash_data_misses(self) -> dict[DataObject, int]:
        """Constants in flash of which data was read, since power-on, that the data cache did not hold: how many lines
        of 16 bytes, each with the wait states that the firmware set. One that two constants share is the first's.
        """
        flash, misses = self.board.flash, self._machine.counter.data_misses
        found: dict[DataObject, int] = {}
        for item in self._machine.elf.objects:
            if item.address in flash:
                first, end = item.address - flash.base, item.address - flash.base + item.size_bytes
                lines = misses[first // LINE_BYTES : -(-end // LINE_BYTES)]
                count = int(lines.sum())
                lines[:] = 0
                if count:
                    found[item] = count
        return found

    def profile_calls(self, function: str, key_of: Callable[[int], int]) -> CallProfiler:
        """From now on, profile each call of `function`, apart by `key_of(first argument)`. Raises KeyError."""
        return CallProfiler(self._machine, self._calls, self.symbol(function), key_of)

    def function_at(self, address: int) -> str:
        """The name of the function that covers `address`, else the address."""
        return self._machine.elf.name_at(address)

    def stack_high_water(self) -> int:
        """The most bytes of stack used so far, by the paint between __stack_bottom and __stack_top.

        Raises UserError if the firmware has no such symbols.
        """
        try:
            bottom, top = self.symbol("__stack_bottom"), self.symbol("__stack_top")
        except KeyError as error:
            raise UserError(f"{self._machine.elf.path} has no symbol {error}; rebuild the firmware") from error
        stack = self.read_memory(bottom, top - bottom)
        untouched = 0
        while stack[untouched : untouched + 4] == STACK_PAINT:
            untouched += 4
        return len(stack) - untouched

    def _forget_paint(self) -> None:
        """Start-up code has painted what lies below the stack pointer."""
        bottom, stack = self.symbol("__stack_bottom"), self._machine.engine.read("sp")
        for watch in self._machine.engine.ram.values():
            if bottom in watch.region:
                watch.cells_at(bottom, stack - bottom)[:] &= ~TOUCHED

    def attach_pty(self, link_path: Path | None = None, keep_alive_s: float | None = None) -> PtyBridge:
        """Offer the console as a pseudo-terminal, with a symbolic link to it at `link_path`; call its serve()."""
        return PtyBridge(self, link_path, keep_alive_s)

    def close(self) -> None:
        """Release the emulated machine; the board cannot be used any more."""
        del self._machine, self._calls, self._recorder

    def __enter__(self) -> "UnicornBoard":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
