"""Writing of FlatBuffers: tables whose fields are numbered as in the schema. Source: the FlatBuffers "Internals" page.

Everything lies behind what refers to it, so that one pass from the root writes the file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcu_vision.ir import Array

_FORMATS = {"i1": "<b", "u1": "<B", "u2": "<H", "i4": "<i", "u4": "<I", "i8": "<q", "u8": "<Q", "f4": "<f"}
TABLE_ALIGNMENT = 8


@dataclass(frozen=True)
class Number:
    """A field that is a number of type `kind`, as numpy names it."""

    kind: str
    value: int | float


@dataclass(frozen=True)
class Vector:
    """A vector of numbers. alignment: of its first item in the file."""

    values: Array
    alignment: int = 8


Table = dict[int, Any]
"""Fields by number: Number, Vector, str, Table or a list of Tables. None is left out."""


def integers(values: Any) -> Vector:
    """A vector of int32."""
    return Vector(np.asarray(values, "<i4"))


def write_flatbuffer(root: Table, identifier: bytes) -> bytes:
    """The file with `root` as its outermost table."""
    file = _File(identifier)
    file.pending.append((0, root))
    for place, item in file.pending:  # grows while it is walked
        struct.pack_into("<I", file.out, place, file.write(item) - place)
    return bytes(file.out)


class _File:
    """The bytes so far. pending: offsets to be filled in, with what they lead to."""

    def __init__(self, identifier: bytes) -> None:
        self.out = bytearray(4) + bytearray(identifier)
        self.pending: list[tuple[int, Any]] = []
        self._layouts: dict[bytes, int] = {}

    def _pad(self, alignment: int, ahead: int = 0) -> int:
        """Fill up so that what comes `ahead` bytes later is aligned; return the place."""
        self.out.extend(bytes(-(len(self.out) + ahead) % alignment))
        return len(self.out)

    def write(self, item: Any) -> int:
        """Append `item` and return where it begins."""
        if isinstance(item, dict):
            return self._write_table(item)
        if isinstance(item, str):
            start, data = self._pad(4), item.encode()
            self.out.extend(struct.pack("<I", len(data)) + data + b"\0")
        elif isinstance(item, Vector):
            start = self._pad(max(4, item.alignment), 4)
            self.out.extend(struct.pack("<I", item.values.size) + item.values.tobytes())
        else:
            start = self._pad(4)
            self.out.extend(struct.pack("<I", len(item)) + bytes(4 * len(item)))
            self.pending.extend((start + 4 + 4 * i, table) for i, table in enumerate(item))
        return start

    def _write_table(self, table: Table) -> int:
        """Tables of one layout share its description."""
        fields = {number: value for number, value in table.items() if value is not None}
        sizes = {n: int(v.kind[1]) if isinstance(v, Number) else 4 for n, v in fields.items()}
        places, end = {}, 4
        for number in sorted(fields, key=lambda n: sizes[n]):
            end += -end % sizes[number]
            places[number] = end
            end += sizes[number]
        entries = [places.get(n, 0) for n in range(max(fields, default=-1) + 1)]
        layout = struct.pack(f"<{2 + len(entries)}H", 4 + 2 * len(entries), end, *entries)
        if layout not in self._layouts:
            self._layouts[layout] = self._pad(2)
            self.out.extend(layout)
        start = self._pad(TABLE_ALIGNMENT)
        self.out.extend(struct.pack("<i", start - self._layouts[layout]) + bytes(end - 4))
        for number, value in fields.items():
            if isinstance(value, Number):
                struct.pack_into(_FORMATS[value.kind], self.out, start + places[number], value.value)
            else:
                self.pending.append((start + places[number], value))
        return start
