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
    out = bytearray(4) + bytearray(identifier)
    pending: list[tuple[int, Any]] = [(0, root)]
    for place, item in pending:  # grows while it is walked
        target = _write(out, item, pending)
        struct.pack_into("<I", out, place, target - place)
    return bytes(out)


def _pad(out: bytearray, alignment: int, ahead: int = 0) -> None:
    """Fill up so that what comes `ahead` bytes later is aligned."""
    out.extend(bytes(-(len(out) + ahead) % alignment))


def _write(out: bytearray, item: Any, pending: list[tuple[int, Any]]) -> int:
    """Append `item`, note the offsets that it needs, and return where it begins."""
    if isinstance(item, dict):
        return _write_table(out, item, pending)
    if isinstance(item, str):
        data = item.encode()
        _pad(out, 4)
        start = len(out)
        out.extend(struct.pack("<I", len(data)) + data + b"\0")
        return start
    if isinstance(item, Vector):
        _pad(out, max(4, item.alignment), 4)
        start = len(out)
        out.extend(struct.pack("<I", item.values.size) + item.values.tobytes())
        return start
    _pad(out, 4)
    start = len(out)
    out.extend(struct.pack("<I", len(item)) + bytes(4 * len(item)))
    pending.extend((start + 4 + 4 * i, table) for i, table in enumerate(item))
    return start


def _write_table(out: bytearray, table: Table, pending: list[tuple[int, Any]]) -> int:
    fields = {number: value for number, value in table.items() if value is not None}
    sizes = {n: int(v.kind[1]) if isinstance(v, Number) else 4 for n, v in fields.items()}
    places, end = {}, 4
    for number in sorted(fields, key=lambda n: sizes[n]):
        end += -end % sizes[number]
        places[number] = end
        end += sizes[number]
    entries = [places.get(n, 0) for n in range(max(fields, default=-1) + 1)]
    _pad(out, 2)
    description = len(out)
    out.extend(struct.pack(f"<{2 + len(entries)}H", 4 + 2 * len(entries), end, *entries))
    _pad(out, TABLE_ALIGNMENT)
    start = len(out)
    out.extend(struct.pack("<i", start - description) + bytes(end - 4))
    for number, value in fields.items():
        if isinstance(value, Number):
            struct.pack_into(_FORMATS[value.kind], out, start + places[number], value.value)
        else:
            pending.append((start + places[number], value))
    return start
