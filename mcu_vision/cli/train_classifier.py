"""Joins data, model, training and evaluation of a wake-word model. Imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from torch import nn

from mcu_vision.data.shared_wake_words import read_shared_wake_words
from mcu_vision.data.square_cache import Squares, build_square_cache
from mcu_vision.data.wake_word_sample import WakeWordSample
from mcu_vision.errors import UserError
from mcu_vision.evaluate.classification import accuracy, roc_auc
from mcu_vision.models.classifier_spec import ClassifierSpec
from mcu_vision.models.registry import MODELS, build_model
from mcu_vision.training.processes import join_processes
from mcu_vision.training.quantization_aware import QuantizationAwareTask
from mcu_vision.training.train_options import TrainOptions
from mcu_vision.training.trainer import Task, Trainer
from mcu_vision.training.wake_word_dataset import WakeWordOptions, WakeWordSquares
from mcu_vision.training.wake_word_task import WakeWordTask

CACHE_MARGIN = 7 / 6
"""Photos are kept this much larger than the input, so that crops do not lose sharpness."""
LONGEST_EPOCH = 12_800
"""Photos between two checkpoints at most."""


class WakeWordValidator:
    """Accuracy and ROC AUC of a classifier on squashed photos, and on those annotated by people apart.

    Figures: "accuracy", "auc", "annotated_accuracy", "annotated_auc", and "score", the mean of both AUC, which
    chooses the best weights: it is steadier than an accuracy.
    """

    def __init__(self, samples: Sequence[WakeWordSample], squares: Squares, batch: int) -> None:
        self.squares, self.batch = squares, batch
        self._labels = np.array([s.label for s in samples], np.int64)
        self._annotated = np.array([s.annotated for s in samples], bool)

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> dict[str, float]:
        model.eval()
        scores = []
        for start in range(0, len(self.squares), self.batch):
            pixels = torch.from_numpy(np.array(self.squares[start : start + self.batch])).permute(0, 3, 1, 2)
            scores.append(model(pixels.float() / 255).softmax(1)[:, 1].double().numpy())
        score = np.concatenate(scores)
        figures = {"accuracy": accuracy(score, self._labels), "auc": roc_auc(score, self._labels)}
        chosen = self._annotated
        if chosen.any():
            figures["annotated_accuracy"] = accuracy(score[chosen], self._labels[chosen])
            figures["annotated_auc"] = roc_auc(score[chosen], self._labels[chosen])
        areas = [value for name, value in figures.items() if name.endswith("auc")]
        return figures | {"score": float(np.nan_to_num(np.mean(areas)))}


def train_wake_word(
    name: str,
    data: Path,
    out: Path,
    options: TrainOptions,
    wake_word: WakeWordOptions,
    size: int | None,
    cache: Path | None,
    start: Path | None,
    resume: bool,
    start_shared: bool = False,
) -> dict[str, Any]:
    """Train the classifier `name` on the data set in `data`; returns the last epoch's figures.

    size: input side in pixels, in place of the model's own. start: weights to go on from; start_shared: only in the
    layers that both models have. Raises UserError if the model is no wake-word classifier, the weights do not fit it,
    or the data cannot be read.
    """
    torch.manual_seed(options.seed)
    if (out / "metrics.jsonl").exists() and not resume:
        raise UserError(f"{out} holds an earlier run; add --resume, or choose another --out")
    model, side = _build(name, size, start, options.seed, start_shared)
    folder = data / "vww" if (data / "vww" / "train.csv").is_file() else data
    train, validation = (read_shared_wake_words(folder, split) for split in ("train", "val"))
    if not train:
        raise UserError(f"{folder}/train.csv lists no photo of the split train; add some")
    squares = build_square_cache(train, round(CACHE_MARGIN * side), cache)
    batches = max(1, min(len(train), LONGEST_EPOCH) // options.batch)
    drawn = WakeWordSquares(train, squares, side, options.batch, batches, options.seed, wake_word)
    metadata = {
        "model": name,
        "input": side,
        "data": f"{len(train)} training and {len(validation)} validation photos",
        "sources": sorted({s.source for s in train}),
        "drawing": asdict(wake_word),
    }
    validate = None
    if validation:
        validate = WakeWordValidator(validation, build_square_cache(validation, side, cache), options.batch)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    task: Task = WakeWordTask()
    if options.quantization_aware:
        task = QuantizationAwareTask(task, model)
    trainer = Trainer(model, task, drawn, options, out, validate, metadata, join_processes(options.precision))
    if resume:
        trainer.resume()
    return trainer.run(Console(stderr=True))


def _build(name: str, size: int | None, start: Path | None, seed: int, start_shared: bool) -> tuple[nn.Module, int]:
    """The model, fresh or with the weights `start`, and its input side."""
    model = build_model(name, start, seed, start_shared)
    if not isinstance(model.spec, ClassifierSpec):
        raise UserError(f"{name!r} is no wake-word classifier; train one of {', '.join(MODELS)}")
    side = size or model.spec.width
    try:
        with torch.no_grad():
            model(torch.zeros(1, 3, side, side))
    except RuntimeError as error:
        raise UserError(f"{name} does not take an input of {side}x{side} pixels: {error}") from error
    return model, side
