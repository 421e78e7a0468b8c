"""Reader of WIDER FACE as its authors distribute it (Yang et al., CVPR 2016; wider_face_split/readme.txt).

<folder>/wider_face_split/wider_face_<split>_bbx_gt.txt beside <folder>/WIDER_<split>/images/. For a photo:
its path, the number of boxes, then a line each: x y width height blur expression illumination invalid
occlusion pose. A photo without a face has one line of zeros. Beside them may lie the evaluation tools, whose lists
of easy, medium and hard faces become subsets of the validation photos (`wider_subsets`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from mcu_vision.data.face_sample import FaceSample
from mcu_vision.data.wider_subsets import find_wider_subsets, read_wider_subsets, subset_members
from mcu_vision.errors import UserError

ATTRIBUTES = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")


def read_wider_face(folder: Path, split: str) -> list[FaceSample]:
    """All samples of "train" or "val"; boxes marked invalid, or empty, become ignore regions.

    Raises UserError if the annotations are missing or not as described.
    """
    listing = folder / "wider_face_split" / f"wider_face_{split}_bbx_gt.txt"
    if not listing.is_file():
        raise UserError(f"{listing} is missing; unpack wider_face_split.zip of WIDER FACE into {folder}")
    lines = (line.strip() for line in listing.read_text().splitlines())
    images = folder / f"WIDER_{split}" / "images"
    samples = []
    for member in lines:
        try:
            samples.append(_parse(member, lines, images))
        except (ValueError, StopIteration) as error:
            raise UserError(f"{listing}: the entry of {member} is not a WIDER FACE annotation") from error
    subsets = find_wider_subsets(folder) if split == "val" else None
    return _with_subsets(samples, subsets) if subsets else samples


def _with_subsets(samples: list[FaceSample], folder: Path) -> list[FaceSample]:
    counted = read_wider_subsets(folder)
    missing = next((s.member for s in samples if s.member not in counted), None)
    if missing is not None:
        raise UserError(f"{folder} lists no faces of {missing}; unpack eval_tools.zip of the same WIDER FACE")
    return [
        replace(s, subsets={name: subset_members(s.boxes, boxes) for name, boxes in counted[s.member].items()})
        for s in samples
    ]


def _parse(member: str, lines: Iterator[str], images: Path) -> FaceSample:
    count = int(next(lines))
    rows = [[float(v) for v in next(lines).split()] for _ in range(max(1, count))]
    values = np.array(rows, np.float32).reshape(len(rows), 4 + len(ATTRIBUTES))[:count]
    valid = (values[:, 7] == 0) & (values[:, 2] > 0) & (values[:, 3] > 0)
    attributes = {name: values[valid, 4 + i].astype(np.int64) for i, name in enumerate(ATTRIBUTES)}
    return FaceSample(images, member, values[valid, :4], values[~valid, :4], source="wider", attributes=attributes)
