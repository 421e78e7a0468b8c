"""Photos for a search: batches to train shared weights, and others that tell how good a network is. Imports torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from mcu_vision.cli.train_classifier import CACHE_MARGIN
from mcu_vision.cli.train_detector import FaceValidator
from mcu_vision.data.face_folder import read_face_folder
from mcu_vision.data.image_cache import build_image_cache
from mcu_vision.data.shared_wake_words import read_shared_wake_words
from mcu_vision.data.square_cache import build_square_cache
from mcu_vision.errors import UserError
from mcu_vision.models.detector_spec import DetectorSpec
from mcu_vision.models.face_levels import FACE_LEVELS
from mcu_vision.search.loop import Examples, Forward
from mcu_vision.training.detection_dataset import DetectionFrames
from mcu_vision.training.detection_task import DetectionTask
from mcu_vision.training.wake_word_dataset import WakeWordOptions, WakeWordSquares
from mcu_vision.training.wake_word_task import WakeWordTask

KEPT_ASIDE = 10
"""Every n-th training photo judges networks and trains none: the validation photos stay unseen."""


def open_examples(
    task: str, size: tuple[int, int, int], data: Path, batch: int, seed: int, cache: Path | None
) -> Examples:
    """The examples of a task for networks of input `size`. Raises UserError if the data cannot be read."""
    open_task = WakeWordExamples if task == "vww" else FaceExamples
    return open_task(size, data, batch, seed, cache)


class WakeWordExamples:
    """Quality is the accuracy at a probability of one half."""

    def __init__(self, size: tuple[int, int, int], data: Path, batch: int, seed: int, cache: Path | None) -> None:
        if size[0] != size[1] or size[2] != 3:
            raise UserError(f"a wake-word network's input is a square of 3 channels, not {size}")
        folder = data / "vww" if (data / "vww" / "train.csv").is_file() else data
        samples = read_shared_wake_words(folder, "train")
        if len(samples) < 2 * KEPT_ASIDE:
            raise UserError(f"{folder}/train.csv lists {len(samples)} photos of the split train: too few; add some")
        squares = build_square_cache(samples, round(CACHE_MARGIN * size[0]), cache)
        aside = np.arange(len(samples)) % KEPT_ASIDE == KEPT_ASIDE - 1
        full_size = WakeWordOptions(small_until=0.0)
        self._sets = []
        for part, options in ((~aside, full_size), (aside, replace(full_size, teacher_weight=0.0))):
            chosen = [samples[i] for i in np.flatnonzero(part)]
            view = _Rows(squares, np.flatnonzero(part))
            self._sets.append(WakeWordSquares(chosen, cast(Any, view), size[0], batch, 1, seed, options))

    def loss(self, forward: Forward, number: int) -> Tensor:
        """Cross-entropy of a training batch."""
        return sum(WakeWordTask().loss(cast(nn.Module, forward), _batch(self._sets[0], number)), torch.zeros(()))

    def quality(self, forward: Forward, number: int) -> float:
        """Accuracy on a batch."""
        images, targets = _batch(self._sets[1], number)
        logits = forward((images.float() / 255).contiguous(memory_format=torch.channels_last))
        right = (logits[:, 1] > logits[:, 0]) == (targets > 0.5)
        return float(right.float().mean())


class FaceExamples:
    """Quality is the average precision at an IoU of 0.4, the mean of all faces and those of 16 to 64 pixels."""

    def __init__(self, size: tuple[int, int, int], data: Path, batch: int, seed: int, cache: Path | None) -> None:
        spec = DetectorSpec(*size, levels=FACE_LEVELS)
        samples, _ = read_face_folder(data)
        aside = [s for i, s in enumerate(samples) if i % KEPT_ASIDE == KEPT_ASIDE - 1 and len(s.boxes)]
        training = [s for i, s in enumerate(samples) if i % KEPT_ASIDE != KEPT_ASIDE - 1]
        if len(aside) < 1 or not training:
            raise UserError(f"{data} holds too few photos of faces for a search; add some")
        pixels = build_image_cache(training, spec.channels, round(1.15 * max(size[:2])), cache)
        self._frames = DetectionFrames(training, pixels, spec, batch, 1, seed)
        self._spec, self._aside, self._batch = spec, aside, batch
        self._validators: dict[int, FaceValidator] = {}

    def loss(self, forward: Forward, number: int) -> Tensor:
        """Classification and localisation loss of a training batch."""
        return sum(DetectionTask().loss(cast(nn.Module, forward), _batch(self._frames, number)), torch.zeros(()))

    def quality(self, forward: Forward, number: int) -> float:
        """Average precision on the photos of a batch."""
        parts = max(1, len(self._aside) // self._batch)
        part = number % parts
        if part not in self._validators:
            self._validators[part] = FaceValidator(self._aside[part::parts], self._spec, self._batch)
        return self._validators[part](_Callable(forward))["score"]


class _Rows:
    """Some of an array's rows, read when asked for: the array may be a file."""

    def __init__(self, squares: np.ndarray, rows: np.ndarray) -> None:
        self.squares, self.rows = squares, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> np.ndarray:
        row: np.ndarray = self.squares[self.rows[index]]
        return row


class _Callable(nn.Module):
    """A function as a module."""

    def __init__(self, function: Forward) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Any:
        return self.function(x)


def _batch(data: WakeWordSquares | DetectionFrames, number: int) -> Any:
    """Batch `number`: each is a pass of one batch."""
    data.start_epoch(number, 1.0)
    return next(iter(data))
