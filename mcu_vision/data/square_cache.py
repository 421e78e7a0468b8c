"""Photos of a classifier's data set as one array of equal squares, decoded once."""

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

from mcu_vision.data.wake_word_sample import WakeWordSample

Squares = npt.NDArray[np.uint8]
"""(N, side, side, 3)."""


def build_square_cache(samples: Sequence[WakeWordSample], side: int, folder: Path | None = None) -> Squares:
    """RGB squares (N, side, side, 3) of all samples, each photo squashed whole, not cropped.

    With `folder` the array is kept there as a memory-mapped file and found again by the next run. Raises
    UserError if a photo is missing or broken.
    """
    shape = (len(samples), side, side, 3)
    if folder is None:
        squares = np.empty(shape, np.uint8)
        _fill(squares, samples, side)
        return squares
    key = json.dumps([[str(s.container), s.member] for s in samples] + [side])
    path = folder / f"squares-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npy"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        staging = path.with_suffix(f".{os.getpid()}.tmp.npy")
        writable = np.lib.format.open_memmap(staging, mode="w+", dtype=np.uint8, shape=shape)
        _fill(writable, samples, side)
        writable.flush()
        os.replace(staging, path)
    kept: Squares = np.load(path, mmap_mode="r")
    return kept


def squash(image: Image.Image, side: int) -> npt.NDArray[np.uint8]:
    """The whole photo as an RGB square (side, side, 3), its aspect ratio given up."""
    return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR))


def _fill(squares: Squares, samples: Sequence[WakeWordSample], side: int) -> None:
    console = Console(stderr=True)
    numbered = track(enumerate(samples), "decoding photos", len(samples), console=console, disable=not samples)
    for index, sample in numbered:
        squares[index] = squash(sample.read_image(), side)
