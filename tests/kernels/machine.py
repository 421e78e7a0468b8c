"""Runs a kernel on arrays, with guard bytes round each: on this machine, or on an emulated Cortex-M4."""

import ctypes
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from c_structs import StructLayout

Array = npt.NDArray[Any]
Argument = Array | Sequence[Array | None] | int
GUARD = bytes(range(0xA0, 0xC0))


@dataclass(frozen=True)
class Block:
    """Memory of an array, and the addresses of guards next to it, which must not change."""

    address: int
    guards: tuple[int, ...]
    contents: bytes
    writable: bool


class Machine(ABC):
    """Memory and a way to call functions in it."""

    def __init__(self, pointer: type) -> None:
        self.layout = StructLayout(pointer)
        self._blocks: list[Block] = []

    @abstractmethod
    def allocate(self, size: int, align: int) -> tuple[int, tuple[int, ...]]:
        """Address of `size` new bytes, a multiple of `align` and of no more if that can be, and its guards."""

    @abstractmethod
    def free_all(self) -> None:
        """Forget all allocations."""

    @abstractmethod
    def write(self, address: int, data: bytes) -> None:
        """Set memory."""

    @abstractmethod
    def read(self, address: int, size: int) -> bytes:
        """Get memory."""

    @abstractmethod
    def execute(self, function: str, arguments: Sequence[int]) -> None:
        """Call a function with addresses and numbers."""

    def place(self, array: Array, writable: bool = False) -> int:
        """Copy an array into memory, aligned to its items at least."""
        return self._place_bytes(np.ascontiguousarray(array).tobytes(), array.dtype.itemsize, writable)

    def _place_bytes(self, data: bytes, align: int, writable: bool) -> int:
        address, guards = self.allocate(len(data), align)
        self.write(address, data)
        for guard in guards:
            self.write(guard, GUARD)
        self._blocks.append(Block(address, guards, data, writable))
        return address

    def call(self, function: str, struct: str, params: Mapping[str, Any], *arguments: Argument) -> None:
        """Call `function(params, *arguments)`; writable arrays are changed in place, nothing else may be.

        An array given twice has one address, also if it is given within a list.
        """
        self.free_all()
        self._blocks.clear()
        constants = self._place_bytes(self.layout.pack(struct, params, self.place), 8, False)
        addresses: dict[int, int] = {}
        self.execute(function, [constants, *(self._argument(a, addresses) for a in arguments)])
        listed = [a for items in arguments if isinstance(items, Sequence) for a in items]
        for argument in [*arguments, *listed]:
            if isinstance(argument, np.ndarray) and argument.flags.writeable:
                data = self.read(addresses[id(argument)], argument.nbytes)
                argument[...] = np.frombuffer(data, argument.dtype).reshape(argument.shape)
        for block in self._blocks:
            assert all(self.read(g, len(GUARD)) == GUARD for g in block.guards), "wrote outside an array"
            assert block.writable or self.read(block.address, len(block.contents)) == block.contents

    def _argument(self, argument: Argument, addresses: dict[int, int]) -> int:
        if isinstance(argument, int):
            return argument
        if isinstance(argument, np.ndarray):
            if id(argument) not in addresses:
                addresses[id(argument)] = self.place(argument, bool(argument.flags.writeable))
            return addresses[id(argument)]
        rows = [0 if row is None else self._argument(row, addresses) for row in argument]
        size = ctypes.sizeof(self.layout.pointer)
        return self._place_bytes(b"".join(r.to_bytes(size, "little") for r in rows), size, False)


class HostMachine(Machine):
    """The kernels as a shared library of this machine."""

    def __init__(self, library: str) -> None:
        super().__init__(ctypes.c_uint64)
        self._library = ctypes.CDLL(library)
        self._buffers: list[Any] = []

    def allocate(self, size: int, align: int) -> tuple[int, tuple[int, ...]]:
        guard = len(GUARD)
        buffer = (ctypes.c_uint64 * ((size + 7) // 8 + guard // 4 + 1))()
        self._buffers.append(buffer)
        base = ctypes.addressof(buffer)
        return base + guard + align % 8, (base + align % 8, base + guard + align % 8 + size)

    def free_all(self) -> None:
        self._buffers.clear()

    def write(self, address: int, data: bytes) -> None:
        ctypes.memmove(address, data, len(data))

    def read(self, address: int, size: int) -> bytes:
        return ctypes.string_at(address, size)

    def execute(self, function: str, arguments: Sequence[int]) -> None:
        routine = getattr(self._library, function)
        routine.restype = None
        routine(*(ctypes.c_uint64(a) for a in arguments))
