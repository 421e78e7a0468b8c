"""Recognise a face data set by its files, and split off what chooses the best weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mcu_vision.data.face_sample import FaceSample
from mcu_vision.data.scut_head import read_scut_head
from mcu_vision.data.shared_faces import read_shared_faces
from mcu_vision.data.wider_face import read_wider_face
from mcu_vision.errors import UserError

VALIDATION_FOLD = 8
VALIDATION_SHARE = 0.035


def read_face_folder(folder: Path) -> tuple[list[FaceSample], list[FaceSample]]:
    """(training, validation) samples of <folder>, or of its subfolder "faces".

    Known layouts: train.jsonl with train.zip, WIDER FACE, SCUT-HEAD; the latter two have their own
    validation part. Raises UserError if the folder has none of them.
    """
    for place in (folder, folder / "faces"):
        if (place / "train.jsonl").is_file():
            return split_validation(read_shared_faces(place, "train"))
        if (place / "wider_face_split").is_dir():
            return read_wider_face(place, "train"), read_wider_face(place, "val")
        if (place / "ImageSets" / "Main").is_dir():
            return read_scut_head(place, "train"), read_scut_head(place, "val")
    raise UserError(
        f"{folder} holds no face data set; name a folder with train.jsonl and train.zip, "
        "or WIDER FACE's (wider_face_split), or SCUT-HEAD's (ImageSets)"
    )


def split_validation(samples: Sequence[FaceSample]) -> tuple[list[FaceSample], list[FaceSample]]:
    """Hold out fold 8 of the samples with folds and 3.5 % of the others, always the same ones."""
    draw = np.random.default_rng(1).random(len(samples)) < VALIDATION_SHARE
    held = [s.fold == VALIDATION_FOLD if s.fold is not None else bool(d) for s, d in zip(samples, draw, strict=True)]
    train = [s for s, out in zip(samples, held, strict=True) if not out]
    return train, [s for s, out in zip(samples, held, strict=True) if out]
