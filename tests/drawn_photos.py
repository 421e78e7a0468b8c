"""A wake-word data set of drawn photos: bright ones are persons."""

import csv
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def draw_wake_words(folder: Path, training: int, validation: int) -> None:
    """Write train.csv and images.zip, and the photos themselves into folder/photos."""
    random = np.random.default_rng(0)
    (folder / "photos").mkdir(parents=True)
    with (folder / "train.csv").open("w", newline="") as stream, zipfile.ZipFile(folder / "images.zip", "w") as archive:
        writer = csv.writer(stream)
        writer.writerow(["shard", "file", "label", "split", "source", "label_kind", "teacher_vww"])
        for index in range(training + validation):
            label = index % 2
            pixels = random.integers(0, 120, (40, 50, 3)).astype(np.uint8) + np.uint8(120 * label)
            path = folder / "photos" / f"{index}.png"
            Image.fromarray(pixels).save(path)
            archive.write(path, path.name)
            split = "train" if index < training else "val"
            writer.writerow(["images.zip", path.name, label, split, "drawn", "gt", 0.1 + 0.8 * label])
