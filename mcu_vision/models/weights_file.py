"""Weights of a model as safetensors, with a description in JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save
from torch import nn

from mcu_vision.errors import UserError
from mcu_vision.files import atomic_write


def save_weights(path: Path, model: nn.Module, metadata: dict[str, Any]) -> None:
    """Write the model's state; the metadata go in it and, as a .json file, beside it."""
    tensors = {name: value.contiguous() for name, value in model.state_dict().items()}
    text = json.dumps(metadata, indent=1)
    atomic_write(path, save(tensors, metadata={"mcu_vision": text}))
    atomic_write(path.with_suffix(".json"), text + "\n")


def load_weights(path: Path, model: nn.Module) -> None:
    """Read what `save_weights` wrote. Raises UserError if it is missing or belongs to another model."""
    if not path.is_file():
        raise UserError(f"weights {path} are missing; train the model first or name another file")
    try:
        model.load_state_dict(load_file(path))
    except (RuntimeError, ValueError) as error:
        raise UserError(f"weights {path} do not fit the model: {str(error).splitlines()[0]}") from error
