"""What code may do with each byte of a memory, and what it has done, in compiled hooks (ram_watch.c)."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_vision.boards import Region
from mcu_vision.emulate.block_counter import BlockCounter, CounterState

_LARGEST_ACCESS = 16


READABLE, WRITABLE, HELD, TOUCHED = (np.uint8(1 << bit) for bit in range(4))
"""State of a byte: what code may do with it now; whether it holds something; whether code has ever used it."""
FREE_FOR_ALL = READABLE | WRITABLE | HELD


@dataclass(frozen=True)
class RamAccess:
    """An access that was not allowed."""

    pc: int
    address: int
    size_bytes: int
    writes: bool


_REPORT = ctypes.CFUNCTYPE(None, *[ctypes.c_uint32] * 4)


class WatchState(ctypes.Structure):
    """ram_watch of ram_watch.c."""

    _fields_ = (
        ("state", ctypes.POINTER(CounterState)),
        ("cells", ctypes.c_void_p),
        ("base", ctypes.c_uint32),
        ("report", _REPORT),
    )


class RamWatch:
    """The cells of one memory; at first everything is allowed.

    cells (uint8): state of each byte of `region`. A read needs READABLE and HELD, a write WRITABLE; an access
    that is not allowed is made nevertheless, and stops emulation with the error that `on_violation` raises.
    """

    def __init__(self, region: Region, counter: BlockCounter) -> None:
        self.region = region
        self.cells: npt.NDArray[np.uint8] = np.full(region.size_bytes + _LARGEST_ACCESS, FREE_FOR_ALL, np.uint8)
        self.on_violation: Callable[[RamAccess], None] | None = None
        self._counter = counter
        self.state = WatchState(
            ctypes.pointer(counter.state), self.cells.ctypes.data, region.base, _REPORT(self._report)
        )

    def cells_at(self, address: int, size: int) -> npt.NDArray[np.uint8]:
        """A view of the cells of some bytes."""
        first = address - self.region.base
        return self.cells[first : first + size]

    def touched(self) -> npt.NDArray[np.bool_]:
        """Which bytes code has read or written."""
        return np.asarray(self.cells[: self.region.size_bytes] & TOUCHED != 0)

    def _report(self, pc: int, address: int, size: int, writes: int) -> None:
        if self.on_violation is not None and self._counter.error is None:
            try:
                self.on_violation(RamAccess(pc, address, size, bool(writes)))
            except BaseException as error:
                self._counter.fail(error)
