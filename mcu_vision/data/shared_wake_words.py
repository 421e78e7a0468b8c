"""Reader of wake-word photos: <folder>/train.csv beside zip files.

Columns used: shard (zip file), file, label (1 = person), split (train or val), source, teacher_vww
(probability of a person by stronger networks, for distillation); label_kind and largest_box_fraction if they
are there.
"""

from __future__ import annotations

import csv
from pathlib import Path

from mcu_vision.data.wake_word_sample import WakeWordSample
from mcu_vision.errors import UserError


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
    return WakeWordSample(
        folder / row["shard"],
        row["file"],
        int(row["label"]),
        float(row["teacher_vww"]),
        row["source"],
        row.get("label_kind", "").startswith("gt"),
        float(row.get("largest_box_fraction") or 0.0),
    )
