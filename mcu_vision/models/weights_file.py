"""Weights of a model as safetensors, with a description in JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from mcu_vision.errors import UserError
from mcu_vision.files import atomic_write


def save_weights(path: Path, model: nn.Module, metadata: dict[str, Any]) -> None:
    """Write the model's state; the metadata go in it and, as a .json file, beside it."""
    tensors = {name: value.contiguous() for name, value in model.state_dict().items()}
    text = json.dumps(metadata, indent=1)
    atomic_write(path, save(tensors, metadata={"mcu_vision": text}))
    atomic_write(path.with_suffix(".json"), text + "\n")


def load_weights(path: Path, model: nn.Module) -> None:
    """Read what `save_weights` wrote. Raises UserError if it is missing, damaged or of another model."""
    state = _read_state(path)
    problem = _misfit(state, model.state_dict())
    if problem:
        raise UserError(f"weights {path} do not fit the model: {problem}; name the weights of this model")
    model.load_state_dict(state)


def load_shared_weights(path: Path, model: nn.Module) -> None:
    """Take the tensors of `path` that have a namesake of the same shape in the model.

    The model's others stay as they are. Raises UserError if the file is missing or damaged, or fits nowhere.
    """
    own = model.state_dict()
    shared = {
        name: tensor for name, tensor in _read_state(path).items() if name in own and tensor.shape == own[name].shape
    }
    if not shared:
        raise UserError(f"weights {path} have no layer in common with the model; name those of a related one")
    model.load_state_dict(own | shared)


def _read_state(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise UserError(f"weights {path} are missing; train the model first or name another file")
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"weights {path} are no safetensors file ({error}); name another file") from error


def _misfit(state: dict[str, Tensor], expected: dict[str, Tensor]) -> str:
    """The first tensor that is missing, too much, or of another shape; "" if all fit."""
    for name, tensor in expected.items():
        if name not in state:
            return f"{name} is missing"
        if state[name].shape != tensor.shape:
            return f"{name} is {list(state[name].shape)} instead of {list(tensor.shape)}"
    return next((f"the model has no {name}" for name in state if name not in expected), "")
