"""Counts executions of basic blocks and models the flash accelerator, in compiled hooks (block_counter.c).

A hook in Python costs 0.4 us a block, the compiled one about 10 ns; so counting is always on and needs no switch.
"""

import ctypes
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_vision.emulate.compiled_hooks import hooks_library
from mcu_vision.emulate.cycle_model import BlockTiming

_TABLE_ENTRIES = 1 << 16
_INSTRUCTION_LINES, _DATA_LINES, _NO_LINE = 64, 8, 0xFFFFFFFF
LINE_BYTES = 16
"""Of the flash accelerator's caches."""


class CounterBlock(ctypes.Structure):
    """counter_block of block_counter.h."""

    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("address", "size", "instructions", "cycles")),
        *((name, ctypes.c_uint32) for name in ("branch_cycles", "watched", "conditional", "reserved")),
        *((name, ctypes.c_uint64) for name in ("executions", "fallthroughs", "stall_cycles", "misaligned_cycles")),
    )


class _LineCache(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("ways", "enabled", "newest")),
        ("line", ctypes.c_uint32 * _INSTRUCTION_LINES),
        ("used", ctypes.c_uint64 * _INSTRUCTION_LINES),
        ("clock", ctypes.c_uint64),
        ("misses", ctypes.c_uint64),
        ("way_of_line", ctypes.c_void_p),
        ("misses_of_line", ctypes.c_void_p),
    )


_DESCRIBE = ctypes.CFUNCTYPE(None, ctypes.POINTER(CounterBlock))
_WATCH = ctypes.CFUNCTYPE(None, ctypes.c_uint32)


class CounterState(ctypes.Structure):
    """counter of block_counter.h."""

    _fields_ = (
        ("blocks", ctypes.c_void_p),
        ("last", ctypes.c_void_p),
        *((name, ctypes.c_uint32) for name in ("mask", "count", "next", "stopped", "full", "conditional")),
        *((name, ctypes.c_uint64) for name in ("instructions", "cycles", "stall_cycles", "deadline")),
        *((name, ctypes.c_uint32) for name in ("flash_base", "flash_bytes", "miss_cycles")),
        *((name, ctypes.c_uint32) for name in ("misaligned", "misaligned_pc", "misaligned_address")),
        ("instruction_cache", _LineCache),
        ("data_cache", _LineCache),
        ("describe", _DESCRIBE),
        ("watch", _WATCH),
        *((name, ctypes.c_void_p) for name in ("stop", "read_register", "write_register", "read_memory")),
        ("pc_register", ctypes.c_int32),
        ("xpsr_register", ctypes.c_int32),
    )


BLOCK_DTYPE = np.dtype(CounterBlock)


class BlockCounter:
    """The hooks' state. `time_block(address, size)` is asked once for each new block; `on_watch(address)` is called
    before each execution of a block that starts at an address in `watched`.
    """

    def __init__(
        self,
        flash_base: int,
        flash_bytes: int,
        time_block: Callable[[int, int], BlockTiming],
        on_watch: Callable[[int], None],
    ) -> None:
        self.library = hooks_library()
        self.watched: set[int] = set()
        self.timings: dict[tuple[int, int], BlockTiming] = {}
        self._entries: defaultdict[int, list[int]] = defaultdict(list)  # table indices by address
        self._used: list[int] = []  # table indices in order of first use
        self.error: BaseException | None = None
        self._time_block, self._on_watch = time_block, on_watch
        self._table = np.zeros(_TABLE_ENTRIES, BLOCK_DTYPE)
        lines = flash_bytes // LINE_BYTES + 1
        self._ways = [np.zeros(lines, np.uint8) for _ in range(2)]
        self._misses = [np.zeros(lines, np.uint32) for _ in range(2)]
        self.state = CounterState(
            blocks=self._table.ctypes.data,
            mask=_TABLE_ENTRIES - 1,
            flash_base=flash_base,
            flash_bytes=flash_bytes,
            describe=_DESCRIBE(self._describe),
            watch=_WATCH(self._watch),
        )
        caches = (self.state.instruction_cache, self.state.data_cache)
        sizes = (_INSTRUCTION_LINES, _DATA_LINES)
        for cache, ways, way_of_line, misses in zip(caches, sizes, self._ways, self._misses, strict=True):
            cache.ways, cache.newest, cache.way_of_line = ways, _NO_LINE, way_of_line.ctypes.data
            cache.misses_of_line = misses.ctypes.data
            cache.line[:] = [_NO_LINE] * _INSTRUCTION_LINES

    def set_accelerator(self, wait_states: int, instruction_cache: bool, data_cache: bool) -> None:
        """What FLASH_ACR says: cycles that a miss costs, and which caches are on."""
        self.state.miss_cycles = wait_states
        self.state.instruction_cache.enabled = instruction_cache
        self.state.data_cache.enabled = data_cache

    @property
    def now(self) -> int:
        """Estimated cycles so far, stalls on flash included."""
        return int(self.state.cycles + self.state.stall_cycles)

    @property
    def data_misses(self) -> npt.NDArray[np.uint32]:
        """How often each line of flash was read as data and not in the cache, since power-on; a copy."""
        misses: npt.NDArray[np.uint32] = self._misses[1].copy()
        return misses

    def snapshot(self) -> npt.NDArray[Any]:
        """A copy of the blocks met so far: fields of CounterBlock; later copies have more at their end."""
        return self._table[self._used]

    def watch_address(self, address: int, on: bool) -> None:
        """Start or stop calling `on_watch` for blocks at `address`."""
        (self.watched.add if on else self.watched.discard)(address)
        self._table["watched"][self._entries.get(address, [])] = on

    def stop_soon(self) -> None:
        """Stop emulation before the next block."""
        self.state.deadline = 0

    def raise_error(self) -> None:
        """Raise what went wrong in a hook, where no exception may pass."""
        if self.state.full:
            raise RuntimeError("the emulator's table of basic blocks is full")
        if self.error is not None:
            error, self.error = self.error, None
            raise error

    def _describe(self, pointer: Any) -> None:
        block = pointer.contents
        block.watched = block.address in self.watched
        index = (ctypes.addressof(block) - self._table.ctypes.data) // self._table.itemsize
        self._entries[block.address].append(index)
        self._used.append(index)
        try:
            timing = self._time_block(block.address, block.size)
        except BaseException as error:
            self.fail(error)
            return
        block.instructions, block.cycles = timing.instructions, timing.cycles
        block.branch_cycles, block.conditional = timing.branch_cycles, timing.conditional
        self.timings[block.address, block.size] = timing

    def _watch(self, address: int) -> None:
        try:
            self._on_watch(address)
        except BaseException as error:
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """In a hook: stop emulation, which then raises `error`, unless another came first."""
        self.error = self.error or error
        self.stop_soon()
