"""Reader of the layout <folder>/<split>.jsonl beside <folder>/<split>.zip: one JSON object a photo.

Keys: file, boxes and ignore ([[x, y, width, height] px, ...]), source, and perhaps fold and attr
(one object of integers a box).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcu_vision.data.face_sample import FaceSample, to_boxes
from mcu_vision.errors import UserError


def read_shared_faces(folder: Path, split: str) -> list[FaceSample]:
    """All samples of `split`. Raises UserError if a file is missing or a line is not as described."""
    listing, archive = folder / f"{split}.jsonl", folder / f"{split}.zip"
    for path in (listing, archive):
        if not path.is_file():
            raise UserError(f"{path} is missing; name a folder with {split}.jsonl and {split}.zip")
    samples = []
    for number, line in enumerate(listing.read_text().splitlines(), 1):
        try:
            samples.append(_parse(line, archive))
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{listing}:{number} is not a face annotation: {error!r}") from error
    return samples


def _parse(line: str, archive: Path) -> FaceSample:
    entry = json.loads(line)
    return FaceSample(
        container=archive,
        member=entry["file"],
        boxes=to_boxes(entry["boxes"]),
        ignore=to_boxes(entry.get("ignore", [])),
        source=entry.get("source", ""),
        fold=entry.get("fold"),
        attributes=_columns(entry.get("attr") or []),
    )


def _columns(boxes: list[dict[str, int]]) -> dict[str, npt.NDArray[np.int64]]:
    names = boxes[0] if boxes else {}
    return {name: np.array([box[name] for box in boxes], np.int64) for name in names}
