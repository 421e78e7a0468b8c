"""Where compiled objects are kept between builds."""

import os
import time
from contextlib import suppress
from pathlib import Path

from mcu_vision.errors import UserError

_MAX_OBJECTS = 4000


def cache_dir(*parts: str) -> Path:
    """Return a writable folder of the cache, made if need be.

    The cache is `$MCU_VISION_CACHE`, else `$XDG_CACHE_HOME/mcu-vision`, else `~/.cache/mcu-vision`.
    Raises UserError if it cannot be made or written.
    """
    named = os.environ.get("MCU_VISION_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    root = Path(named) if named else Path(base) / "mcu-vision"
    path = root.expanduser().absolute().joinpath(*parts)
    try:
        path.mkdir(parents=True, exist_ok=True)
        writable = os.access(path, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        raise UserError(f"cannot write the cache {path}; set MCU_VISION_CACHE to a folder that can be written")
    return path


def prune_objects(folder: Path) -> None:
    """Delete the objects used longest ago where there are more than a few thousand.

    What was used within the last hour stays: another build may be about to link it.
    """
    used = {}
    for path in folder.glob("*.o"):
        with suppress(FileNotFoundError):  # another build prunes too
            used[path] = path.stat().st_mtime
    if len(used) <= _MAX_OBJECTS:
        return
    recent = time.time() - 3600
    for path in sorted(used, key=lambda p: used[p])[: len(used) - _MAX_OBJECTS // 2]:
        if used[path] < recent:
            path.unlink(missing_ok=True)
