"""The emulated board: core, memories and peripherals put together, and the loop that runs them."""

from collections.abc import Callable
from enum import Enum, auto

from mcu_vision.boards import Board
from mcu_vision.emulate import unicorn_faults
from mcu_vision.emulate.block_counter import BlockCounter
from mcu_vision.emulate.chip import make_chip
from mcu_vision.emulate.cycle_model import BlockTiming, CycleModel
from mcu_vision.emulate.firmware_elf import FirmwareElf
from mcu_vision.emulate.nvic import FIRST_IRQ, SV_CALL, SYS_TICK, Nvic
from mcu_vision.emulate.peripherals.dwt import DataWatchpointTrace
from mcu_vision.emulate.peripherals.uart import Uart
from mcu_vision.emulate.system_control import VTOR, SystemControl
from mcu_vision.emulate.systick import SysTick
from mcu_vision.emulate.unicorn_engine import Access, Stop, UnicornEngine
from mcu_vision.emulate.unicorn_exceptions import StackingError, enter_exception, return_from_exception
from mcu_vision.errors import UserError

_RAM_AT_POWER_ON = b"\xdb"  # not zero, so that firmware which relies on that fails
_LONGEST_SLICE_CYCLES = 1 << 26  # a fraction of a second; between slices Python can take an interrupt from the keyboard
_BITS_PER_BYTE = 10
_IDLE_LOOP_INSTRUCTIONS, _LONGEST_IDLE_SKIP_CYCLES = 8, 1 << 20
_SLEEPS = (b"\x30\xbf", b"\x20\xbf", b"\x03\x80", b"\x02\x80")  # WFI, WFE, and the last half words of their wide forms


class Outcome(Enum):
    """Why Machine.run returned."""

    DONE = auto()
    TIMEOUT = auto()
    IDLE = auto()  # the core sleeps, and nothing but input can wake it


class Machine:
    """A board with its firmware in flash. Virtual time counts in cycles of the core, those asleep included.

    `on_watch`: as in BlockCounter. `deliver_faults`: let the firmware's own handlers take faults; else they raise
    EmulationFault. `check_alignment`, `watch_ram`, `count_traffic`: as in UnicornEngine.
    """

    def __init__(
        self,
        elf: FirmwareElf,
        board: Board,
        deliver_faults: bool,
        check_alignment: bool,
        watch_ram: bool,
        on_watch: Callable[[int], None],
        count_traffic: bool = False,
    ) -> None:
        self.elf, self.board, self.deliver_faults = elf, board, deliver_faults
        self._cycle_model = CycleModel()
        self.counter = BlockCounter(board.flash.base, board.flash.size_bytes, self._time_block, on_watch)
        self.engine = UnicornEngine(board, self.counter, check_alignment, watch_ram, count_traffic)
        self.nvic = Nvic(board.interrupts)
        self._asleep = 0
        self._woken_at, self._woken_instructions, self._idle_skip = 0, 0, 0
        self._systick = SysTick(lambda: self.now)
        self.system = SystemControl(self.nvic, self._systick, self.counter.stop_soon, self._want_reset)
        self._dwt = DataWatchpointTrace(lambda: self.counter.now, lambda: self.system.trace_enabled)
        self.chip = make_chip(board, self.counter.set_accelerator)
        self.console = self._console()
        self._byte_cycles = board.clock_hz * _BITS_PER_BYTE // board.console.baud
        self._last_byte = 0
        for peripheral in (*self.chip.all, self.system, self._dwt):
            self.engine.map_peripheral(peripheral)
        self._load()
        self.reset()

    def _console(self) -> Uart:
        console, uarts = self.board.console, self.chip.uarts
        uart = uarts.get(console.peripheral.lower())
        if uart is None or (uart.base, uart.irq) != (console.base, console.irq):
            known = ", ".join(f"{name} (0x{u.base:08x}, irq {u.irq})" for name, u in uarts.items())
            raise UserError(f"{self.board.name}: console.peripheral, base and irq are none of the emulator's: {known}")
        return uart

    def _load(self) -> None:
        for region in self.board.ram_regions:
            self.engine.write_memory(region.base, _RAM_AT_POWER_ON * region.size_bytes)
        for address, data in self.elf.contents:
            try:
                self.engine.write_memory(address, data)
            except ValueError as error:
                raise UserError(
                    f"{self.elf.path} does not fit the board {self.board.name}: {error}; build it for this board"
                ) from error

    @property
    def now(self) -> int:
        """Virtual time in cycles."""
        return self.counter.now + self._asleep

    def reset(self) -> None:
        """Reset core and peripherals; RAM keeps its content, as on silicon."""
        self._reset_wanted = False
        self.chip.reset()
        self.system.reset()
        self._dwt.reset()
        self.engine.reset(self.board.flash.base)

    def _want_reset(self) -> None:
        self._reset_wanted = True

    @property
    def vector_table(self) -> int:
        """VTOR; 0 after reset, where flash appears."""
        return self.system.words.get(VTOR, 0) or self.board.flash.base

    def _time_block(self, address: int, size: int) -> BlockTiming:
        timing = self._cycle_model.time_block(self.engine.read_memory(address, size), address)
        if timing.uses_float and not self.system.floating_point_on:
            self.engine.fault = Access("floating point off", address, 0, address)
            self.counter.stop_soon()
        return timing

    def run(self, done: Callable[[], bool], timeout_cycles: int) -> Outcome:
        """Run until `done()`, asked whenever the engine stops, or `timeout_cycles` of virtual time are over.

        Raises EmulationFault.
        """
        end = self.now + timeout_cycles
        while not done():
            if self._reset_wanted:
                self.reset()
            if self.now >= end:
                return Outcome.TIMEOUT
            held_back = self._take_exceptions()
            stop = self.engine.run(self._deadline(end, held_back))
            if stop is Stop.SLEEP and not self._sleep():
                return Outcome.DONE if done() else Outcome.IDLE
            self._handle(stop)
        return Outcome.DONE

    def _handle(self, stop: Stop) -> None:
        if stop is Stop.EXCEPTION_RETURN:
            try:
                return_from_exception(self.engine, self.nvic)
            except StackingError as error:
                unicorn_faults.stop_or_deliver(self, Access("read", error.address, 4, self.engine.read("pc")))
        elif stop is Stop.SUPERVISOR_CALL:
            self.nvic.pending.add(SV_CALL)
        elif stop is Stop.FAULT and self.engine.fault is not None:
            unicorn_faults.stop_or_deliver(self, self.engine.fault)

    def _poll(self) -> None:
        """Move what waits outside the core up to its interrupt lines."""
        if self.console.can_deliver and self.now >= self._last_byte + self._byte_cycles:
            self._deliver_byte()
        for usart in self.chip.uarts.values():
            number = FIRST_IRQ + usart.irq
            if usart.interrupt and number not in self.nvic.active:  # sampled again when the handler returns
                self.nvic.pending.add(number)
        if self._systick.advance():
            self.nvic.pending.add(SYS_TICK)

    def _deliver_byte(self) -> None:
        self.console.deliver()
        self._last_byte = self.now

    def _take_exceptions(self) -> bool:
        """Enter the most urgent exception; return whether one is held back by PRIMASK, FAULTMASK or BASEPRI."""
        self._poll()
        exception = self.nvic.next_exception()
        if exception is None:
            return False
        masks = self.engine.read_all(("primask", "faultmask", "basepri"))
        if self.nvic.masked(exception, *masks):
            return True
        try:
            enter_exception(self.engine, self.nvic, exception, self.vector_table)
        except StackingError as error:
            unicorn_faults.stop_or_deliver(
                self, Access("write", error.address, 4, self.engine.read("pc")), stacked=False
            )
        return self._take_exceptions()

    def _skip_idle_loop(self, pc: int) -> None:
        """Where code sleeps again and again at `pc` while it masks what wakes it, let time pass faster and faster."""
        instructions = self.counter.state.instructions
        same = self._woken_at == pc and instructions - self._woken_instructions < _IDLE_LOOP_INSTRUCTIONS
        self._idle_skip = min(2 * self._idle_skip + 1, _LONGEST_IDLE_SKIP_CYCLES) if same else 0
        self._asleep += self._idle_skip
        self._woken_at, self._woken_instructions = pc, instructions

    def _deadline(self, end: int, held_back: bool) -> int:
        """When to look up again, on the counter's clock; at the next block while an exception is held back, since the
        engine does not say when masks change.
        """
        if held_back:
            return self.counter.now + 1
        times = [end, self.now + _LONGEST_SLICE_CYCLES]
        tick = self._systick.next_tick()
        if tick is not None:
            times.append(tick)
        if self.console.can_deliver:
            times.append(self._last_byte + self._byte_cycles)
        return max(min(times) - self._asleep, self.counter.now + 1)

    def _sleep(self) -> bool:
        """Let the core wait for its next event: input if any (it comes at once), else SysTick. False: there is none."""
        pc = self.engine.read("pc")
        if self.engine.read_memory(pc - 2, 2) not in _SLEEPS:
            raise RuntimeError(f"the engine stopped without a reason at 0x{pc:08x}")
        if self.console.can_deliver:
            self._deliver_byte()
        self._poll()
        if self._reset_wanted:
            return True
        if any(map(self.nvic.can_pend, self.nvic.pending)):
            self._skip_idle_loop(pc)
            return True
        tick = self._systick.next_tick()
        if tick is None:
            return False
        self._asleep += max(0, tick - self.now)
        return True
