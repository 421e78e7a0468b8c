"""A data set of drawn scenes in the layout that `train`, `label` and `evaluate` read."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mcu_vision.data.cards.scenes import EASY, HARD, Scene, SceneOptions, draw_scene

QUALITY = 92
UNLABELLED = "unlabelled"
"""Folder of pictures whose boxes are not told."""


@dataclass(frozen=True)
class CardCounts:
    """Pictures of each part: easy ones to train on; easy and hard ones in equal parts to test; hard ones unlabelled."""

    train: int
    test: int = 0
    unlabelled: int = 0

    @property
    def total(self) -> int:
        """Of all parts."""
        return self.train + self.test + self.unlabelled


def write_card_data(
    folder: Path, counts: CardCounts, size: tuple[int, int], seed: int, photos: list[Image.Image] | None = None
) -> Iterator[Scene]:
    """Write train.jsonl and train.zip, test.jsonl and test.zip, and the folder UNLABELLED; yields each scene.

    Each part and each picture has its own random stream, so that a larger set begins like a smaller one. photos: of
    which parts are backgrounds, in place of procedural ones.
    """
    kinds = [("cards-easy", EASY)], [("cards-easy", EASY), ("cards-hard", HARD)]
    for number, (split, count, styles) in enumerate(
        (("train", counts.train, kinds[0]), ("test", counts.test, kinds[1]))
    ):
        if count:
            yield from _write_split(folder, split, _draw(count, size, (seed, number), styles, photos))
    if counts.unlabelled:
        (folder / UNLABELLED).mkdir()
        scenes = _draw(counts.unlabelled, size, (seed, 2), [("cards-hard", HARD)], photos)
        for index, (_, scene) in enumerate(scenes):
            (folder / UNLABELLED / f"{index:05}.jpg").write_bytes(_encode(scene.image))
            yield scene


def _draw(
    count: int,
    size: tuple[int, int],
    seed: tuple[int, int],
    styles: list[tuple[str, SceneOptions]],
    photos: list[Image.Image] | None,
) -> Iterator[tuple[str, Scene]]:
    for index in range(count):
        source, options = styles[index % len(styles)]
        yield source, draw_scene(np.random.default_rng((*seed, index)), size, options, photos)


def _write_split(folder: Path, split: str, scenes: Iterable[tuple[str, Scene]]) -> Iterator[Scene]:
    with zipfile.ZipFile(folder / f"{split}.zip", "w") as archive, (folder / f"{split}.jsonl").open("w") as listing:
        for index, (source, scene) in enumerate(scenes):
            name = f"{index:05}.jpg"
            archive.writestr(name, _encode(scene.image))
            width, height = scene.image.size
            boxes = scene.boxes.round(1).astype(float).tolist()
            entry = {"file": name, "w": width, "h": height, "boxes": boxes, "ignore": [], "source": source}
            listing.write(json.dumps(entry) + "\n")
            yield scene


def _encode(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()
