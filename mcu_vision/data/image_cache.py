"""Decoded photos of a data set in one array, so that an epoch decodes nothing."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from rich.console import Console
from rich.progress import track

from mcu_vision.data.face_sample import FaceSample
from mcu_vision.files import atomic_write


class ImageCache:
    """Pixels uint8 (H, W, channels) of each sample, and by what its photo was scaled (`scales`)."""

    def __init__(
        self, pixels: npt.NDArray[np.uint8], shapes: list[tuple[int, int]], scales: list[float], channels: int
    ) -> None:
        self._pixels, self._shapes, self._channels = pixels, shapes, channels
        self.scales = scales
        ends = np.cumsum([h * w * channels for h, w in shapes], dtype=np.int64)
        self._starts = ends - np.array([h * w * channels for h, w in shapes], np.int64)

    def __len__(self) -> int:
        return len(self._shapes)

    def __getitem__(self, index: int) -> npt.NDArray[np.uint8]:
        height, width = self._shapes[index]
        start = self._starts[index]
        return self._pixels[start : start + height * width * self._channels].reshape(height, width, -1)


def build_image_cache(
    samples: Sequence[FaceSample], channels: int, max_side: int, folder: Path | None = None
) -> ImageCache:
    """Decode all samples as gray (channels 1) or RGB (3), shrunk so that no side is over `max_side` px.

    With `folder` the array is kept there as a memory-mapped file and found again by the next run.
    """
    if folder is not None:
        key = json.dumps([[str(s.container), s.member] for s in samples] + [channels, max_side])
        path = folder / f"images-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npy"
        listing = path.with_suffix(".json")
        if listing.is_file() and path.is_file():
            meta = json.loads(listing.read_text())
            return ImageCache(np.load(path, mmap_mode="r"), meta["shapes"], meta["scales"], channels)
    arrays, shapes, scales = [], [], []
    for sample in track(samples, "decoding photos", console=Console(stderr=True), disable=not samples):
        image, scale = _shrink(sample.read_image().convert("L" if channels == 1 else "RGB"), max_side)
        arrays.append(np.asarray(image).ravel())
        shapes.append((image.height, image.width))
        scales.append(scale)
    pixels = np.concatenate(arrays) if arrays else np.empty(0, np.uint8)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        staging = path.with_suffix(f".{os.getpid()}.tmp.npy")
        np.save(staging, pixels)
        os.replace(staging, path)
        atomic_write(listing, json.dumps({"shapes": shapes, "scales": scales}))
    return ImageCache(pixels, shapes, scales, channels)


def _shrink(image: Image.Image, max_side: int) -> tuple[Image.Image, float]:
    scale = min(1.0, max_side / max(image.size))
    if scale == 1.0:
        return image, scale
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.BILINEAR), scale
