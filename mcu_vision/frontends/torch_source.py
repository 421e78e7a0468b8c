"""Where a node of an exported program stands in the user's source, and what to call it."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import torch
from torch import fx

_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')
_TORCH_FOLDER = Path(torch.__file__).parent


def source_line(node: fx.Node) -> str:
    """ "file:line" of the innermost frame outside torch, relative to the working directory; "" if unknown."""
    frames = [(Path(m["file"]), m["line"]) for m in _FRAME.finditer(node.meta.get("stack_trace") or "")]
    own = [frame for frame in frames if _TORCH_FOLDER not in frame[0].parents]
    if not own:
        return ""
    return _place(*own[-1])


def _place(file: Path, line: str | int | None) -> str:
    name = file.relative_to(Path.cwd()) if Path.cwd() in file.parents else Path(file.name)
    return f"{name.as_posix()}:{line}"


def error_line(error: Exception) -> str:
    """First line of an error's text, and the innermost line outside torch that led to it."""
    text = (str(error).strip().splitlines() or [type(error).__name__])[0]
    frames = [(Path(f.filename), f.lineno) for f in traceback.extract_tb(error.__traceback__)]
    own = [frame for frame in frames[1:] if _TORCH_FOLDER not in frame[0].parents]
    return f"{text} at {_place(*own[-1])}" if own else text


def module_path(node: fx.Node) -> str:
    """Path of the innermost module that ran the node, as in `named_modules`; "" for the outermost."""
    stack = node.meta.get("nn_module_stack") or {}
    return str(list(stack.values())[-1][0]) if stack else ""


def operator_name(node: fx.Node) -> str:
    """Readable name: the path of the layer, or of the module and the operator where a forward() computes."""
    stack = node.meta.get("nn_module_stack") or {}
    path, kind = list(stack.values())[-1] if stack else ("", "")
    if path and str(kind).startswith("torch.nn."):
        return str(path)
    operator = re.sub(r"_\d+$", "", node.name)
    return f"{path}.{operator}" if path else operator
