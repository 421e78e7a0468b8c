"""The core and its memory on Unicorn: runs code until something needs attention. Written for Unicorn 2.1."""

import ctypes
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from unicorn import arm_const, unicorn_const
from unicorn.unicorn_py3.unicorn import Uc, UcError, uclib

from mcu_vision.boards import Board, Region
from mcu_vision.emulate.block_counter import BlockCounter
from mcu_vision.emulate.peripherals.registers import Registers
from mcu_vision.emulate.ram_watch import TOUCHED, RamWatch
from mcu_vision.emulate.traffic import TrafficMeter

_NEVER = 0xFFFFFFFF
_PAGE = 4096
_THUMB = 1 << 24  # of xPSR
_KINDS = {
    unicorn_const.UC_MEM_READ_UNMAPPED: "read",
    unicorn_const.UC_MEM_READ_PROT: "read",
    unicorn_const.UC_MEM_WRITE_UNMAPPED: "write",
    unicorn_const.UC_MEM_WRITE_PROT: "write",
    unicorn_const.UC_MEM_FETCH_UNMAPPED: "fetch",
    unicorn_const.UC_MEM_FETCH_PROT: "fetch",
}
_SUPERVISOR_CALL, _EXCEPTION_EXIT = 2, 8  # interrupt numbers of the engine
_INTERRUPT_FAULTS = {1: "undefined instruction", 7: "breakpoint", 17: "floating point off", 18: "invalid state"}
REGISTERS: dict[str, int] = {
    name: getattr(arm_const, f"UC_ARM_REG_{name.upper()}")
    for name in (
        *(f"r{i}" for i in range(13)),
        *(f"s{i}" for i in range(32)),
        *("sp", "lr", "pc", "xpsr", "fpscr", "control", "primask", "faultmask", "basepri"),
    )
}


class Stop(Enum):
    """Why the engine stopped."""

    DEADLINE = auto()  # virtual time is up, or stop_soon() was called
    SLEEP = auto()  # a WFI instruction, or a WFE
    SUPERVISOR_CALL = auto()
    EXCEPTION_RETURN = auto()
    FAULT = auto()


@dataclass(frozen=True)
class Access:
    """What the core could not do; as in interface.EmulationFault."""

    kind: str
    address: int
    size_bytes: int
    pc: int


class UnicornEngine:
    """A Cortex-M4 with the board's memories.

    `check_alignment`: look at every data access, not just at reads of flash. `fault` says what happened after
    Stop.FAULT. `ram`: the watches on SRAM and CCM by name, if they are watched. `traffic`: that of all memories, if
    it is counted.
    """

    def __init__(
        self, board: Board, counter: BlockCounter, check_alignment: bool, watch_ram: bool, count_traffic: bool = False
    ) -> None:
        self.uc: Any = Uc(unicorn_const.UC_ARCH_ARM, unicorn_const.UC_MODE_THUMB | unicorn_const.UC_MODE_MCLASS)
        self.uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M4)
        self.counter = counter
        self.fault: Access | None = None
        self._interrupt: int | None = None
        self._external: set[tuple[int, int]] = set()
        read, write, execute = unicorn_const.UC_PROT_READ, unicorn_const.UC_PROT_WRITE, unicorn_const.UC_PROT_EXEC
        self._map(board.flash, read | execute)
        self._map(board.sram, read | write | execute)
        if board.ccm is not None:
            self._map(board.ccm, read | write)
        self._add_hooks()
        self._add_compiled_hooks(None if check_alignment else board.flash)
        self.ram = {region.name: self._watch(region) for region in board.ram_regions} if watch_ram else {}
        self.traffic = self._count_traffic([board.flash, *board.ram_regions]) if count_traffic else None

    def _map(self, region: Region, access: int) -> None:
        self.uc.mem_map(region.base, region.size_bytes, access)

    def map_memory(self, address: int, size: int) -> None:
        """Add memory, in whole pages, which code may only read; no effect if the same is there already."""
        if (address, size) not in self._external:
            self._external.add((address, size))
            self.uc.mem_map(address, -(-size // _PAGE) * _PAGE, unicorn_const.UC_PROT_READ)

    def map_peripheral(self, peripheral: Registers) -> None:
        """Give the peripheral its window of addresses."""

        def read(_uc: Any, offset: int, size: int, _data: Any) -> int:
            return peripheral.read(offset, size)

        def write(_uc: Any, offset: int, size: int, value: int, _data: Any) -> None:
            peripheral.write(offset, size, value)

        self.uc.mmio_map(peripheral.base, peripheral.size, read, None, write, None)

    def _add_hooks(self) -> None:
        self.uc.hook_add(unicorn_const.UC_HOOK_INTR, self._on_interrupt)
        self.uc.hook_add(unicorn_const.UC_HOOK_INSN_INVALID, self._on_undefined)
        self.uc.hook_add(unicorn_const.UC_HOOK_MEM_UNMAPPED | unicorn_const.UC_HOOK_MEM_PROT, self._on_access)

    def _add_compiled_hooks(self, data: Region | None) -> None:
        """`data`: where reads are looked at; None: reads and writes everywhere. The engine takes 0.1 us for each."""
        state, library = self.counter.state, self.counter.library
        state.pc_register, state.xpsr_register = REGISTERS["pc"], REGISTERS["xpsr"]
        for name, function in (
            ("stop", uclib.uc_emu_stop),
            ("read_register", uclib.uc_reg_read),
            ("write_register", uclib.uc_reg_write),
            ("read_memory", uclib.uc_mem_read),
        ):
            setattr(state, name, ctypes.cast(function, ctypes.c_void_p))
        self._add_compiled_hook(unicorn_const.UC_HOOK_BLOCK, library.count_block, state)
        self._add_compiled_hook(unicorn_const.UC_HOOK_MEM_READ, library.count_read, state, data)
        if data is None:
            self._add_compiled_hook(unicorn_const.UC_HOOK_MEM_WRITE, library.count_write, state)

    def _watch(self, region: Region) -> RamWatch:
        watch, library = RamWatch(region, self.counter), self.counter.library
        self._add_compiled_hook(unicorn_const.UC_HOOK_MEM_READ, library.watch_read, watch.state, region)
        self._add_compiled_hook(unicorn_const.UC_HOOK_MEM_WRITE, library.watch_write, watch.state, region)
        return watch

    def _count_traffic(self, regions: list[Region]) -> TrafficMeter:
        meter, library = TrafficMeter([region.name for region in regions], self.counter), self.counter.library
        for region in regions:
            state = meter.states[region.name]
            self._add_compiled_hook(unicorn_const.UC_HOOK_MEM_READ, library.count_traffic_read, state, region)
            self._add_compiled_hook(unicorn_const.UC_HOOK_MEM_WRITE, library.count_traffic_write, state, region)
        return meter

    def _add_compiled_hook(
        self, kind: int, function: Any, state: ctypes.Structure, region: Region | None = None
    ) -> None:
        """The bindings take Python callbacks alone, so this goes to the library below them."""
        handle = ctypes.c_size_t()
        first, last = (region.base, region.end - 1) if region else (1, 0)  # 1, 0: everywhere
        status = uclib.uc_hook_add(
            self.uc._uch,
            ctypes.byref(handle),
            kind,
            ctypes.cast(function, ctypes.c_void_p),
            ctypes.cast(ctypes.byref(state), ctypes.c_void_p),
            ctypes.c_uint64(first),
            ctypes.c_uint64(last),
        )
        if status != unicorn_const.UC_ERR_OK:
            raise UcError(status)

    def run(self, until_cycles: int) -> Stop:
        """Run until the counter's `now` reaches `until_cycles`, or something happens. Stops between basic blocks."""
        state = self.counter.state
        state.deadline, state.stopped, state.misaligned = max(0, until_cycles), 0, 0
        self.fault = self._interrupt = None
        pc = self.read("pc")
        try:
            self.uc.emu_start(pc | 1, _NEVER)
        except UcError as error:
            if self.fault is None:
                kind = "undefined instruction" if error.errno == unicorn_const.UC_ERR_INSN_INVALID else str(error)
                self.fault = Access(kind, self.read("pc"), 0, self.read("pc"))
        self.counter.raise_error()
        return self._reason()

    def _reason(self) -> Stop:
        state = self.counter.state
        if state.misaligned:
            self.fault = Access("misaligned access", state.misaligned_address, 4, state.misaligned_pc)
        if self.fault is not None:
            return Stop.FAULT
        if self._interrupt is not None:
            return Stop.EXCEPTION_RETURN if self._interrupt == _EXCEPTION_EXIT else Stop.SUPERVISOR_CALL
        return Stop.DEADLINE if state.stopped else Stop.SLEEP

    def _on_interrupt(self, uc: Any, number: int, _data: Any) -> None:
        if number in (_SUPERVISOR_CALL, _EXCEPTION_EXIT):
            self._interrupt = number
        else:
            pc = self.read("pc")
            self.fault = Access(_INTERRUPT_FAULTS.get(number, f"exception {number} of the engine"), pc, 0, pc)
        uc.emu_stop()

    def _on_undefined(self, _uc: Any, _data: Any) -> bool:
        pc = self.read("pc")
        self.fault = Access("undefined instruction", pc, 0, pc)
        return False

    def _on_access(self, _uc: Any, kind: int, address: int, size: int, _value: int, _data: Any) -> bool:
        self.fault = Access(_KINDS[kind], address, size, self.read("pc"))
        return False

    def read(self, register: str) -> int:
        """Read a register of REGISTERS."""
        return int(self.uc.reg_read(REGISTERS[register]))

    def write(self, register: str, value: int) -> None:
        """Write a register of REGISTERS."""
        self.uc.reg_write(REGISTERS[register], value)

    def read_all(self, names: Iterable[str]) -> tuple[int, ...]:
        """Read several registers."""
        return tuple(self.uc.reg_read_batch([REGISTERS[name] for name in names]))

    def write_all(self, values: Mapping[str, int]) -> None:
        """Write several registers, in order."""
        self.uc.reg_write_batch([(REGISTERS[name], value) for name, value in values.items()])

    def read_memory(self, address: int, size: int) -> bytes:
        """Raises ValueError where no memory is."""
        try:
            return bytes(self.uc.mem_read(address, size))
        except UcError as error:
            raise ValueError(f"no memory at 0x{address:08x}, {size} bytes") from error

    def write_memory(self, address: int, data: bytes) -> None:
        """Write RAM, or flash as a debugger would. Raises ValueError where no memory is."""
        try:
            self.uc.mem_write(address, data)
        except UcError as error:
            raise ValueError(f"no memory at 0x{address:08x}, {len(data)} bytes") from error

    def push(self, address: int, data: bytes) -> None:
        """Write a frame to the stack, as the core does. Raises ValueError where no memory is."""
        self.write_memory(address, data)
        for watch in self.ram.values():
            if address in watch.region:
                watch.cells_at(address, len(data))[:] |= TOUCHED

    def read_words(self, address: int, count: int) -> tuple[int, ...]:
        """Little-endian 32-bit words."""
        return struct.unpack(f"<{count}I", self.read_memory(address, 4 * count))

    def reset(self, vector_table: int) -> None:
        """Registers as after a reset; stack pointer and program counter from the vector table. Memory stays."""
        stack, entry = self.read_words(vector_table, 2)
        self.write_all(dict.fromkeys(REGISTERS, 0))
        self.write_all({"xpsr": _THUMB, "lr": 0xFFFFFFFF, "sp": stack, "pc": entry | 1})
