"""Reader of wake-word photos: <folder>/train.csv beside zip files.

Columns used: shard (zip file), file, label (1 = person), split (train or val), source, teacher_vww
(probability of a person by stronger networks, for distillation).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from mcu_vision.data.image_file import read_image
from mcu_vision.errors import UserError


@dataclass(frozen=True)
class WakeWordSample:
    """A photo with label 1 if it shows a person, else 0; teacher: probability by other networks."""

    container: Path
    member: str
    label: int
    teacher: float
    source: str

    def read_image(self) -> Image.Image:
        """Decode the photo. Raises UserError if it is missing or broken."""
        return read_image(self.container, self.member)


def read_shared_wake_words(folder: Path, split: str) -> list[WakeWordSample]:
    """All samples of "train" or "val". Raises UserError if train.csv is missing or not as described."""
    listing = folder / "train.csv"
    if not listing.is_file():
        raise UserError(f"{listing} is missing; name the folder that holds train.csv and its zip files")
    with listing.open(newline="") as stream:
        try:
            return [_parse(folder, row) for row in csv.DictReader(stream) if row["split"] == split]
        except (KeyError, ValueError) as error:
            raise UserError(f"{listing} lacks a column or has a bad value: {error!r}") from error


def _parse(folder: Path, row: dict[str, str]) -> WakeWordSample:
    label, teacher = int(row["label"]), float(row["teacher_vww"])
    return WakeWordSample(folder / row["shard"], row["file"], label, teacher, row["source"])
