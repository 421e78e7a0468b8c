"""Finds the user's Renode."""

import os
import shutil
from pathlib import Path

from mcu_vision.errors import UserError

_HOW = (
    "download renode-X.Y.Z.linux-portable.tar.gz from https://github.com/renode/renode/releases, unpack it, "
    "and set RENODE_ROOT to its folder; or use --emulator unicorn"
)


def find_renode() -> Path | None:
    """The executable that RENODE names, else RENODE_ROOT/renode, else the one on the PATH; None if there is none.

    Raises UserError if RENODE or RENODE_ROOT is set and holds no executable.
    """
    for variable, suffix in (("RENODE", ""), ("RENODE_ROOT", "renode")):
        value = os.environ.get(variable)
        if value:
            path = Path(value) / suffix
            if not (path.is_file() and os.access(path, os.X_OK)):
                raise UserError(f"{variable} is {value}, but {path} is no executable; mend or unset it, or {_HOW}")
            return path
    found = shutil.which("renode")
    return Path(found) if found else None


def require_renode() -> Path:
    """Like find_renode; raises UserError, with how to install it, if there is none."""
    path = find_renode()
    if path is None:
        raise UserError(f"no Renode found (RENODE, RENODE_ROOT, PATH): {_HOW}")
    return path
