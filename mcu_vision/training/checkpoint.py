"""Files of a training run: resumable checkpoints and metrics."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import torch

from mcu_vision.errors import UserError
from mcu_vision.files import atomic_write


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write everything that `load_checkpoint` needs to go on."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    atomic_write(path, buffer.getvalue())


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint. Raises UserError if there is none."""
    if not path.is_file():
        raise UserError(f"{path} is missing: nothing to resume; train without --resume first")
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def append_metrics(path: Path, values: dict[str, Any]) -> None:
    """Add a line of JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        stream.write(json.dumps(values) + "\n")
