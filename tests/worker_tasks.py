"""Tasks for other processes, in a module that they find whatever folder they start in."""

import os
import time
from pathlib import Path

from mcu_vision.errors import UserError


def square(number: int, folder: str = "") -> int:
    """Notes where it ran."""
    if folder:
        (Path(folder) / f"{number}-{os.getpid()}").touch()
    return number * number


def stuck_square(number: int, folder: str) -> int:
    """Notes the Ray node that it runs on; number 0 never ends where it runs first."""
    import ray

    first = not list(Path(folder).glob(f"{number}-*"))
    (Path(folder) / f"{number}-{ray.get_runtime_context().get_node_id()}").touch()
    if number == 0 and first:
        time.sleep(3600)
    return number * number


def refuse(number: int) -> int:
    raise UserError(f"not {number}")
