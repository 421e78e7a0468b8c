"""WIDER FACE's subsets easy, medium and hard, from the files of its evaluation tools.

eval_tools.zip of the data set has ground_truth/wider_face_val.mat (all boxes of each photo, by event and file) and
wider_{easy,medium,hard}_val.mat (which of these boxes count, from 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_vision.errors import UserError

SUBSETS = ("easy", "medium", "hard")
FOLDERS = ("eval_tools/ground_truth", "ground_truth")
"""Where the files may lie in the data set's folder."""

FloatArray = npt.NDArray[np.float32]


def find_wider_subsets(folder: Path) -> Path | None:
    """The folder of the subsets' files, if there is one."""
    return next((folder / name for name in FOLDERS if (folder / name / "wider_face_val.mat").is_file()), None)


def read_wider_subsets(folder: Path) -> dict[str, dict[str, FloatArray]]:
    """By photo ("0--Parade/name.jpg") and subset the boxes that count, (N, 4) x, y, width, height.

    Raises UserError if SciPy or a file is missing, or a file is not as described.
    """
    try:
        from scipy.io import loadmat
    except ModuleNotFoundError as error:
        raise UserError(
            "easy, medium and hard are .mat files, which need SciPy: pip install 'mcu-vision[wider]'"
        ) from error
    files = {name: folder / f"wider_{name}_val.mat" for name in ("face", *SUBSETS)}
    loaded: dict[str, dict[str, Any]] = {}
    for name, path in files.items():
        try:
            loaded[name] = loadmat(path)
        except Exception as error:  # of many kinds, if a file is broken
            raise UserError(f"{path} is missing, or no .mat file; unpack eval_tools.zip of WIDER FACE anew") from error
    result: dict[str, dict[str, FloatArray]] = {}
    try:
        for event, photo, member in _photos(loaded["face"]):
            boxes = np.asarray(_cell(loaded["face"]["face_bbx_list"], event, photo), np.float32).reshape(-1, 4)
            counted = {s: _cell(loaded[s]["gt_list"], event, photo).ravel().astype(np.int64) - 1 for s in SUBSETS}
            result[member] = {subset: boxes[places] for subset, places in counted.items()}
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise UserError(f"{folder} does not hold WIDER FACE's evaluation lists: {error!r}") from error
    return result


def _photos(boxes: dict[str, Any]) -> Iterator[tuple[int, int, str]]:
    for event, (name,) in enumerate(boxes["event_list"].ravel()):
        for photo, (stem,) in enumerate(boxes["file_list"].ravel()[event].ravel()):
            yield event, photo, f"{name}/{stem}.jpg"


def _cell(cells: npt.NDArray[np.object_], event: int, photo: int) -> npt.NDArray[Any]:
    return np.asarray(cells.ravel()[event].ravel()[photo])


def subset_members(boxes: FloatArray, counted: FloatArray) -> npt.NDArray[np.bool_]:
    """Which of `boxes` (N, 4) are among `counted` (M, 4), to half a pixel."""
    near = np.abs(boxes[:, None] - counted[None]).max(axis=2) < 0.5
    return near.any(axis=1) if len(counted) else np.zeros(len(boxes), np.bool_)
