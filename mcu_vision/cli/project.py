"""A user's project: the table [tool.mcu-vision] of its pyproject.toml, for `mcu-vision test` and the pytest plugin."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcu_vision.cli.options import DEFAULT_BOARD, DEFAULT_EMULATOR, DEFAULT_MODEL
from mcu_vision.cli.sizes import parse_bytes
from mcu_vision.errors import UserError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_TEXTS = ("model", "board", "toolchain", "emulator", "images", "max-ram", "max-flash")


@dataclass(frozen=True)
class Limits:
    """What firmware may take: bytes of RAM and flash, instructions of an inference; None: no limit."""

    ram_bytes: int | None = None
    flash_bytes: int | None = None
    instructions: int | None = None


@dataclass(frozen=True)
class Project:
    """Model and board as the command line takes them; the folder of images, if one is named."""

    folder: Path
    model: str = DEFAULT_MODEL
    board: str = DEFAULT_BOARD
    toolchain: str = "auto"
    emulator: str = DEFAULT_EMULATOR
    images: Path | None = None
    limits: Limits = Limits()


def load_project(folder: Path) -> Project:
    """The project in `folder`; the defaults where it has no such table.

    Raises UserError if the table holds something else than it may.
    """
    path = folder / "pyproject.toml"
    try:
        table = tomllib.loads(path.read_text("utf-8")).get("tool", {}).get("mcu-vision", {})
    except FileNotFoundError:
        return Project(folder)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {error}; mend it") from error
    for key, value in table.items():
        _check(path, key, value)
    limits = Limits(_size(table, "max-ram"), _size(table, "max-flash"), table.get("max-instructions"))
    return Project(
        folder=folder,
        model=_file(folder, table.get("model", DEFAULT_MODEL)),
        board=_file(folder, table.get("board", DEFAULT_BOARD)),
        toolchain=table.get("toolchain", "auto"),
        emulator=table.get("emulator", DEFAULT_EMULATOR),
        images=folder / table["images"] if "images" in table else None,
        limits=limits,
    )


def _check(path: Path, key: str, value: Any) -> None:
    if key not in (*_TEXTS, "max-instructions"):
        known = ", ".join((*_TEXTS, "max-instructions"))
        raise UserError(f"{path}: unknown key tool.mcu-vision.{key}; the keys are {known}")
    wanted, kind = ("a text", str) if key in _TEXTS else ("a whole number", int)
    if type(value) is not kind:
        raise UserError(f"{path}: tool.mcu-vision.{key} is {value!r}; make it {wanted}")


def _size(table: dict[str, str], key: str) -> int | None:
    return parse_bytes(table[key], key) if key in table else None


def _file(folder: Path, name: str) -> str:
    """A name stays as it is, a file of the project becomes its path."""
    path = folder / name
    return str(path) if path.is_file() else name
