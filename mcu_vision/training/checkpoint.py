"""Files of a training run: resumable checkpoints, weights, metrics."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import nn

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


def save_weights(path: Path, model: nn.Module, metadata: dict[str, Any]) -> None:
    """Write the model's state as safetensors, the metadata as JSON in it and beside it."""
    tensors = {name: value.contiguous() for name, value in model.state_dict().items()}
    text = json.dumps(metadata, indent=1)
    atomic_write(path, save(tensors, metadata={"mcu_vision": text}))
    atomic_write(path.with_suffix(".json"), text + "\n")


def load_weights(path: Path, model: nn.Module) -> None:
    """Read weights that `save_weights` wrote. Raises UserError if they are missing or of another model."""
    if not path.is_file():
        raise UserError(f"weights {path} are missing; train the model first or name another file")
    try:
        model.load_state_dict(load_file(path))
    except RuntimeError as error:
        raise UserError(f"weights {path} do not fit the model: {str(error).splitlines()[0]}") from error


def append_metrics(path: Path, values: dict[str, Any]) -> None:
    """Add a line of JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        stream.write(json.dumps(values) + "\n")
