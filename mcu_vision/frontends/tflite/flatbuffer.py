"""Bounds-checked reading of FlatBuffers, for files that nobody vouches for.

Every offset is checked before it is followed, so no damaged file can make the reader leave the file. Tables
may overlap and share parts, which a hostile file can use to have few bytes read very often; a budget of bytes
in proportion to the file ends that. Source: the FlatBuffers "Internals" page.
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

READS_PER_BYTE = 16
READS_AT_LEAST = 1 << 16
_FORMATS = {"i1": "<b", "u1": "<B", "u2": "<H", "i4": "<i", "u4": "<I", "i8": "<q", "u8": "<Q", "f4": "<f"}


class Malformed(Exception):  # noqa: N818 - becomes a UserError with the file's name
    """What is wrong with the file, as words after its name."""


class FlatBuffer:
    """The bytes of a file, and how much of them may still be read."""

    def __init__(self, data: bytes, identifier: bytes) -> None:
        if len(data) < 8 or data[4:8] != identifier:
            raise Malformed(f"does not carry the mark {identifier.decode()!r}")
        self._data = data
        self._budget = len(data) * READS_PER_BYTE + READS_AT_LEAST

    def root(self) -> Table:
        """The outermost table."""
        return Table(self, self.target(0))

    def slice(self, position: int, count: int) -> memoryview:
        """`count` bytes at `position`; Malformed if they are not all there."""
        if position < 0 or count < 0 or position + count > len(self._data):
            raise Malformed(f"ends before byte {position + count}, which it refers to")
        self._budget -= count
        if self._budget < 0:
            raise Malformed("refers to the same bytes again and again")
        return memoryview(self._data)[position : position + count]

    def number(self, position: int, kind: str) -> int | float:
        """The number of type `kind` (as numpy names it) at `position`."""
        value: int | float = struct.unpack(_FORMATS[kind], self.slice(position, int(kind[1])))[0]
        return value

    def integer(self, position: int, kind: str) -> int:
        """The integer of type `kind` at `position`."""
        return int(self.number(position, kind))

    def target(self, position: int) -> int:
        """Where the offset at `position` leads to, always forwards."""
        return position + self.integer(position, "u4")


class Table:
    """A table: its fields, by their number in the schema, may be absent."""

    def __init__(self, buffer: FlatBuffer, position: int) -> None:
        self._buffer = buffer
        self._position = position
        self._fields = position - buffer.integer(position, "i4")
        self._fields_bytes = buffer.integer(self._fields, "u2")

    def _place(self, field: int) -> int | None:
        """Position of a field's value or offset; None if it is absent."""
        entry = 4 + 2 * field
        if entry + 2 > self._fields_bytes:
            return None
        offset = self._buffer.integer(self._fields + entry, "u2")
        return self._position + offset if offset else None

    def integer(self, field: int, default: int = 0, kind: str = "i4") -> int:
        """An integer field."""
        place = self._place(field)
        return default if place is None else self._buffer.integer(place, kind)

    def real(self, field: int, default: float = 0.0) -> float:
        """A float32 field."""
        place = self._place(field)
        return default if place is None else float(self._buffer.number(place, "f4"))

    def boolean(self, field: int, default: bool = False) -> bool:
        """A field of one bit."""
        return bool(self.integer(field, int(default), "u1"))

    def table(self, field: int) -> Table | None:
        """A field that is a table."""
        place = self._place(field)
        return None if place is None else Table(self._buffer, self._buffer.target(place))

    def tables(self, field: int) -> list[Table]:
        """A vector of tables; empty if absent."""
        start, count = self._vector(field, 4)
        return [Table(self._buffer, self._buffer.target(start + 4 * i)) for i in range(count)]

    def array(self, field: int, kind: str) -> npt.NDArray[np.generic]:
        """A vector of numbers of type `kind`; empty if absent."""
        start, count = self._vector(field, int(kind[1]))
        return np.frombuffer(self._buffer.slice(start, count * int(kind[1])), f"<{kind}")

    def integers(self, field: int) -> tuple[int, ...]:
        """A vector of int32."""
        return tuple(int(n) for n in self.array(field, "i4"))

    def text(self, field: int) -> str:
        """A string; what is no UTF-8 in it is replaced."""
        return self.array(field, "u1").tobytes().decode("utf-8", "replace")

    def _vector(self, field: int, item_bytes: int) -> tuple[int, int]:
        """Position of the first item, and how many there are, all of them within the file."""
        place = self._place(field)
        if place is None:
            return 0, 0
        start = self._buffer.target(place)
        count = self._buffer.integer(start, "u4")
        self._buffer.slice(start + 4, count * item_bytes)
        return start + 4, count
