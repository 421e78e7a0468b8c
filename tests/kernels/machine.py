"""Runs a kernel on arrays, with guard bytes round each: on this machine, or on an emulated Cortex-M4."""

import ctypes
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from c_structs import StructLayout

Array = npt.NDArray[Any]
Argument = Array | Sequence[Array | None] | int
GUARD = 32


class Machine(ABC):
    """Memory and a way to call functions in it."""

    def __init__(self, pointer: type) -> None:
        self.layout = StructLayout(pointer)
        self._placed: list[tuple[int, bytes, bool]] = []

    @abstractmethod
    def allocate(self, size: int) -> int:
        """Address of `size` new bytes, a multiple of 8."""

    @abstractmethod
    def free_all(self) -> None:
        """Forget all allocations."""

    @abstractmethod
    def write(self, address: int, data: bytes) -> None: ...

    @abstractmethod
    def read(self, address: int, size: int) -> bytes: ...

    @abstractmethod
    def execute(self, function: str, arguments: Sequence[int]) -> None: ...

    def place(self, array: Array, writable: bool = False) -> int:
        """Copy an array between guards; 8-bit ones lie at odd addresses, 16-bit ones beside word boundaries."""
        return self._place_bytes(np.ascontiguousarray(array).tobytes(), array.dtype.itemsize % 4, writable)

    def _place_bytes(self, data: bytes, offset: int, writable: bool) -> int:
        before = bytes(range(0xA0, 0xA0 + GUARD + offset))
        base = self.allocate(len(before) + len(data) + GUARD)
        self.write(base, before + data + before[:GUARD])
        self._placed.append((base + len(before), data, writable))
        return base + len(before)

    def call(self, function: str, struct: str, params: Mapping[str, Any], *arguments: Argument) -> None:
        """Call `function(params, *arguments)`; writable arrays are changed in place, nothing else may be.

        An array given twice has one address.
        """
        self.free_all()
        self._placed.clear()
        constants = self._place_bytes(self.layout.pack(struct, params, self.place), 0, False)
        addresses: dict[int, int] = {}
        for argument in arguments:
            if id(argument) not in addresses:
                addresses[id(argument)] = self._argument(argument)
        changed = [(a, addresses[id(a)]) for a in arguments if isinstance(a, np.ndarray)]
        self.execute(function, [constants, *(addresses[id(a)] for a in arguments)])
        for array, address in changed:
            data = self.read(address, array.nbytes)
            if array.flags.writeable:
                array[...] = np.frombuffer(data, array.dtype).reshape(array.shape)
        self._check_guards()

    def _argument(self, argument: Argument) -> int:
        if isinstance(argument, int):
            return argument
        if isinstance(argument, np.ndarray):
            return self.place(argument, bool(argument.flags.writeable))
        rows = [0 if row is None else self.place(row) for row in argument]
        size = ctypes.sizeof(self.layout.pointer)
        return self._place_bytes(b"".join(r.to_bytes(size, "little") for r in rows), 0, False)

    def _check_guards(self) -> None:
        for address, data, writable in self._placed:
            size = len(data)
            before, after = self.read(address - GUARD, GUARD), self.read(address + size, GUARD)
            offset = before[0] - 0xA0
            assert before == bytes(range(0xA0 + offset, 0xA0 + offset + GUARD)), "wrote in front of an array"
            assert after == bytes(range(0xA0, 0xA0 + GUARD)), "wrote behind an array"
            assert writable or self.read(address, size) == data, "wrote to a constant"


class HostMachine(Machine):
    """The kernels as a shared library of this machine."""

    def __init__(self, library: str) -> None:
        super().__init__(ctypes.c_uint64)
        self._library = ctypes.CDLL(library)
        self._buffers: list[Any] = []

    def allocate(self, size: int) -> int:
        buffer = (ctypes.c_uint64 * ((size + 7) // 8))()
        self._buffers.append(buffer)
        return ctypes.addressof(buffer)

    def free_all(self) -> None:
        self._buffers.clear()

    def write(self, address: int, data: bytes) -> None:
        ctypes.memmove(address, data, len(data))

    def read(self, address: int, size: int) -> bytes:
        return ctypes.string_at(address, size)

    def execute(self, function: str, arguments: Sequence[int]) -> None:
        routine = getattr(self._library, function)
        routine.restype = None
        routine(*(ctypes.c_uint64(a) if a > 2**31 else ctypes.c_int32(a) for a in arguments))
