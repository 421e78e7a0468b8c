"""A user's own torch module: a Python file and the name of what makes the module in it."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from mcu_vision.errors import UserError


def load_module(file: Path, factory: str, seed: int = 0) -> nn.Module:
    """The module, in evaluation mode, that `factory` of the Python file gives when it is called.

    factory: name of a function without arguments, of a class, or of a module itself. Random weights are
    fixed by `seed`. Raises UserError if the file, the name or the result is wrong, or if its code fails.
    """
    if not file.is_file():
        raise UserError(f"no file {file}: check the path")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        found = getattr(_run_file(file), factory, None)
        if not callable(found):
            raise UserError(f"{file} has no function or class {factory!r}")
        module = found if isinstance(found, nn.Module) else _call(found, file, factory)
    if not isinstance(module, nn.Module):
        raise UserError(f"{file}:{factory} gives {type(module).__name__}, not a torch.nn.Module")
    return module.eval()


def _run_file(file: Path) -> ModuleType:
    """Import the file; modules beside it can be imported by it."""
    name = f"_user_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UserError(f"{file} is no Python file: name one that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles of the file look themselves up there
    sys.path.insert(0, str(file.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(f"{file} cannot be imported: {_reason(error, file)}") from error
    finally:
        sys.path.remove(str(file.resolve().parent))
    return module


def _call(factory: Any, file: Path, name: str) -> Any:
    try:
        return factory()
    except Exception as error:
        raise UserError(f"{file}:{name}() fails: {_reason(error, file)}") from error


def _reason(error: Exception, file: Path) -> str:
    """Kind and first line of an error, and the last line of the user's file that led to it."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == file.resolve()]
    text = (str(error).strip().splitlines() or [""])[0]
    place = f" (line {frames[-1].lineno})" if frames and not isinstance(error, SyntaxError) else ""
    return f"{type(error).__name__}: {text}{place}"
