"""Instruction counts that are kept in the repository, and may not rise."""

import json
from pathlib import Path

from mcu_vision.files import atomic_write
from mcu_vision.toolchain import find_toolchain

FOLDER = Path(__file__).resolve().parent / "results"
MOST_RISE = 1.01

Counts = dict[str, int]


def compiler_version(toolchain: str) -> str:
    """Kind and version of the compiler: counts of another one are others."""
    return find_toolchain(toolchain).compiler.identity


def read_counts(name: str, toolchain: str) -> Counts:
    """The counts kept in results/<name>.json for this compiler; none for another version of it."""
    path = FOLDER / f"{name}.json"
    records: dict[str, Counts] = json.loads(path.read_text()) if path.is_file() else {}
    return records.get(compiler_version(toolchain), {})


def write_counts(name: str, toolchain: str, counts: Counts) -> None:
    """Keep the counts, in place of those of the same compiler and name."""
    path = FOLDER / f"{name}.json"
    records: dict[str, Counts] = json.loads(path.read_text()) if path.is_file() else {}
    kept = records.get(compiler_version(toolchain), {}) | counts
    records[compiler_version(toolchain)] = dict(sorted(kept.items()))
    FOLDER.mkdir(exist_ok=True)
    atomic_write(path, json.dumps(dict(sorted(records.items())), indent=1) + "\n")
