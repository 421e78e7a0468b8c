"""Networks with what they took on the emulated board, and the file that keeps them."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from mcu_vision.errors import UserError
from mcu_vision.files import atomic_write
from mcu_vision.models.network_config import BlockConfig, NetworkConfig


@dataclass(frozen=True)
class Measured:
    """One inference: instructions are exact, cycles estimates, without and with flash wait states; arena as planned."""

    network: NetworkConfig
    instructions: int
    cycles_0ws: int
    cycles: int
    arena_bytes: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values, blocks as lists; `from_json` reads it back."""
        n = self.network
        row: dict[str, Any] = {"name": n.name, "task": n.task, "input": list(n.input), "stem": n.stem, "pool": n.pool}
        row |= {"patch": n.patch, "last": n.last, "blocks": [list(astuple(block)) for block in n.blocks]}
        row |= {"instructions": self.instructions, "cycles_0ws": self.cycles_0ws, "cycles": self.cycles}
        return row | {"arena_bytes": self.arena_bytes}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Measured:
        """The inverse of `to_json`."""
        blocks = tuple(BlockConfig(*block) for block in row["blocks"])
        size = (row["input"][0], row["input"][1], row["input"][2])
        names = ("name", "task", "stem", "pool", "patch", "last")
        network = NetworkConfig(**{name: row[name] for name in names}, input=size, blocks=blocks)
        return cls(network, row["instructions"], row["cycles_0ws"], row["cycles"], row["arena_bytes"])


def read_measured(path: Path) -> dict[str, dict[int, Measured]]:
    """Lists of measured networks by name ("fit", "held_out"), each by the number of its draw; {} without a file.

    Raises UserError if the file is something else.
    """
    if not path.is_file():
        return {}
    try:
        lists = json.loads(path.read_text("utf-8"))["networks"]
        return {name: {int(i): Measured.from_json(row) for i, row in rows.items()} for name, rows in lists.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise UserError(f"{path} holds no measured networks ({error!r}); name another file") from error


def write_measured(path: Path, board: str, lists: dict[str, dict[int, Measured]]) -> None:
    """Write the file, a line a network."""
    parts = []
    for name, rows in lists.items():
        lines = (f"  {json.dumps(str(i))}: {json.dumps(row.to_json())}" for i, row in sorted(rows.items()))
        parts.append(f" {json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n }")
    text = ",\n".join(parts)
    atomic_write(path, f'{{"board": {json.dumps(board)}, "networks": {{\n{text}\n}}}}\n')
