"""Prediction files: EdgeML's (one text file an image) and the WIDER FACE submission format.

A file holds the number of boxes, then a line "x y width height score" for each, in pixels. In a WIDER FACE
submission the image's name (event/file.jpg) stands on a line before, and the file is <event>/<file>.txt.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.evaluate.box_overlap import FloatArray
from mcu_vision.files import atomic_write


def format_predictions(boxes: FloatArray, name: str | None = None) -> str:
    """The text of one file: boxes (D, 5) x, y, width, height, score; with `name` as WIDER FACE wants it."""
    lines = [name] if name is not None else []
    lines.append(str(len(boxes)))
    lines += [" ".join(f"{value:.9g}" for value in box) for box in boxes]
    return "\n".join(lines) + "\n"


def write_predictions(path: Path, boxes: FloatArray, name: str | None = None) -> None:
    """Write boxes (D, 5) of one image to `path`, with `name` in the WIDER FACE format."""
    atomic_write(path, format_predictions(boxes, name))


def read_predictions(path: Path) -> tuple[str | None, FloatArray]:
    """The image's name, if it stands there, and boxes (D, 5); separators are spaces or commas.

    Raises UserError if the file is missing or is in neither format.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read predictions {path}: {error}") from error
    name = None if not lines or lines[0].strip().isdigit() else lines.pop(0).strip()
    try:
        count = int(lines[0])
        rows = [[float(value) for value in line.replace(",", " ").split()] for line in lines[1:] if line.strip()]
        boxes = np.array(rows, np.float64).reshape(count, 5)
    except (IndexError, ValueError) as error:
        raise UserError(
            f"{path} is no prediction file: expected a number of boxes, then x y width height score each"
        ) from error
    return name, boxes


def write_wider_submission(folder: Path, predictions: Mapping[str, FloatArray]) -> None:
    """Write <folder>/<event>/<file>.txt for each image name "<event>/<file>.jpg"."""
    for name, boxes in predictions.items():
        write_predictions(folder / PurePosixPath(name).with_suffix(".txt"), boxes, name)


def read_wider_submission(folder: Path) -> dict[str, FloatArray]:
    """Boxes (D, 5) by image name, of all files <folder>/<event>/<file>.txt.

    Raises UserError if there are none, or one is not in the WIDER FACE format.
    """
    predictions = {}
    for path in sorted(folder.glob("*/*.txt")):
        name, boxes = read_predictions(path)
        if name is None:
            raise UserError(f"{path} does not begin with the image's name, as a WIDER FACE submission must")
        predictions[name] = boxes
    if not predictions:
        raise UserError(f"{folder} holds no <event>/<file>.txt; name the top folder of a submission")
    return predictions
