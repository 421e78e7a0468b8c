"""Reads board files (TOML)."""

import sys
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from mcu_vision.boards.board import FAMILIES, Board, Clock, Console, FlashSector, Region
from mcu_vision.boards.check import check_board
from mcu_vision.errors import UserError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MOST_SECTORS = 1024
_FOLDER = Path(__file__).resolve().parent
_Part = TypeVar("_Part", bound=Clock | Console)


def board_names() -> list[str]:
    """The boards that ship with the package."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load_board(name_or_path: str | Path) -> Board:
    """Load a shipped board by name, or any board file by path.

    Raises UserError if there is no such board, or its file has a missing, unknown or impossible value.
    """
    path = _FOLDER / f"{name_or_path}.toml" if name_or_path in board_names() else Path(name_or_path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        known = ", ".join(board_names())
        raise UserError(
            f"no board {name_or_path!s}: {error.strerror}; give one of {known}, or the path of a board file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a board file: {error}; mend that line") from error
    board = _board(_Reader(path, "", table))
    check_board(board, path)
    return board


class _Reader:
    """A table of the file; each key can be taken once, and `finish` complains of the rest."""

    def __init__(self, path: Path, prefix: str, table: dict[str, Any]) -> None:
        self._path, self._prefix, self._rest = path, prefix, dict(table)

    def take(self, key: str, kind: Any) -> Any:
        if key not in self._rest:
            raise UserError(f"{self._path}: {self._prefix}{key} is missing; add it")
        value = self._rest.pop(key)
        allowed = get_args(kind)
        if allowed:
            good = value in allowed
            wanted = "one of " + ", ".join(allowed)
        else:
            good = type(value) is kind
            wanted = {int: "a whole number", str: "a text", bool: "true or false", list: "a list"}.get(kind, "a table")
        if not good:
            raise UserError(f"{self._path}: {self._prefix}{key} is {value!r}; make it {wanted}")
        return value

    def has(self, key: str) -> bool:
        return key in self._rest

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        value: str = self.take(key, str)
        if value not in allowed:
            raise UserError(f"{self._path}: {self._prefix}{key} is {value!r}; make it one of {', '.join(allowed)}")
        return value

    def table(self, key: str) -> "_Reader":
        return _Reader(self._path, f"{self._prefix}{key}.", self.take(key, dict))

    def finish(self) -> None:
        for key in self._rest:
            raise UserError(f"{self._path}: unknown key {self._prefix}{key}; remove it or mend its spelling")


def _board(reader: _Reader) -> Board:
    family = FAMILIES[reader.choice("family", tuple(FAMILIES))]
    flash = reader.table("flash")
    flash_region = _region(flash, "flash")
    sectors = _sectors(flash_region.base, flash.take("sectors_kib", list))
    wait_states = flash.take("wait_states", int)
    flash.finish()
    sram = _memory(reader, "sram")
    board = Board(
        name=reader.take("name", str),
        title=reader.take("title", str),
        family=family.name,
        cpu=reader.take("cpu", str),
        interrupts=reader.take("interrupts", int),
        ram_budget_bytes=reader.take("ram_budget_bytes", int),
        stack_bytes=reader.take("stack_bytes", int),
        flash=flash_region,
        sram=sram,
        ccm=_memory(reader, "ccm") if reader.has("ccm") else None,
        flash_sectors=sectors,
        flash_wait_states=wait_states,
        clock=_part(reader.table("clock"), family.clock),
        console=_part(reader.table("console"), family.console),
    )
    reader.finish()
    return board


def _memory(reader: _Reader, name: str) -> Region:
    table = reader.table(name)
    region = _region(table, name)
    table.finish()
    return region


def _region(reader: _Reader, name: str) -> Region:
    return Region(name, reader.take("base", int), reader.take("size_bytes", int))


def _sectors(base: int, sizes_kib: list[Any]) -> tuple[FlashSector, ...]:
    """An entry is the size of a sector, or a list of how many there are and their size."""
    sectors: list[FlashSector] = []
    for entry in sizes_kib:
        count, size = entry if isinstance(entry, list) and len(entry) == 2 else (1, entry)
        good = type(count) is int and type(size) is int and 0 < count <= _MOST_SECTORS
        for _ in range(count if good else 1):
            size_bytes = size * 1024 if good else 0
            sectors.append(FlashSector(len(sectors), base, size_bytes))
            base += size_bytes
    return tuple(sectors)


def _part(reader: _Reader, kind: type[_Part]) -> _Part:
    hints = get_type_hints(kind)
    part = kind(**{field.name: reader.take(field.name, hints[field.name]) for field in fields(kind)})
    reader.finish()
    return part
