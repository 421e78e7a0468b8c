"""Accuracy of a wake-word model, however it is executed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.progress import track
from rich.table import Table

from mcu_vision.cli import options
from mcu_vision.cli.executions import PREPARATIONS
from mcu_vision.data.letterbox import letterbox
from mcu_vision.data.shared_wake_words import read_shared_wake_words
from mcu_vision.data.square_cache import squash
from mcu_vision.data.wake_word_sample import WakeWordSample
from mcu_vision.errors import UserError
from mcu_vision.evaluate.wake_word_accuracy import measure_wake_words, person_score
from mcu_vision.ir import Graph

FITS = ("squash", "letterbox")


def read_wake_words(folder: Path, split: str) -> list[WakeWordSample]:
    """Samples of <folder>, or of its subfolder "vww". Raises UserError if there are none."""
    place = folder / "vww" if (folder / "vww" / "train.csv").is_file() else folder
    samples = read_shared_wake_words(place, split)
    if not samples:
        raise UserError(f"{place}/train.csv lists no photo of the split {split}; choose another with --split")
    return samples


def score_wake_words(
    execution: str, graph: Graph, samples: Sequence[WakeWordSample], fit: str = "letterbox"
) -> npt.NDArray[np.float64]:
    """Probability of a person in every photo (N,); fit: how a photo becomes the model's frame."""
    _, height, width, channels = graph.input.shape
    if fit == "squash" and (height != width or channels != 3):
        raise UserError(f"{graph.name} takes no RGB square, so add --fit letterbox")
    score = person_score(graph)
    console = options.progress_console()
    with TemporaryDirectory() as folder:
        run = PREPARATIONS[execution](graph, Path(folder))()
        scores = []
        for sample in track(samples, execution, console=console, transient=True):
            image = sample.read_image()
            frame = squash(image, width) if fit == "squash" else letterbox(image, width, height, channels)[0]
            scores.append(score(run(frame)))
    return np.array(scores)


def summarize_wake_words(
    scores: npt.NDArray[np.float64], samples: Sequence[WakeWordSample], threshold: float
) -> list[dict[str, Any]]:
    """WakeWordAccuracy as JSON values."""
    labels = np.array([s.label for s in samples], np.int64)
    annotated = np.array([s.annotated for s in samples], bool)
    figures = measure_wake_words(scores, labels, [s.source for s in samples], annotated, threshold)
    return [f.to_json() for f in figures]


def wake_word_table(figures: dict[str, list[dict[str, Any]]]) -> Table:
    """Everything, for people."""
    columns = ("accuracy", "there", "AUC", "misses", "false")
    table = Table("run as", "photos of", "photos", "persons", *columns)
    for execution, entries in figures.items():
        for e in entries:
            auc = "-" if e["auc"] is None else f"{e['auc']:.3f}"
            accuracies = (f"{e['accuracy']:.3f}", f"{e['accuracy_at_threshold']:.3f}")
            row = (execution, e["source"], str(e["photos"]), str(e["persons"]), *accuracies, auc)
            table.add_row(*row, str(e["misses"]), str(e["false_alarms"]))
    threshold = next(iter(figures.values()))[0]["threshold"]
    table.caption = (
        f"accuracy at a probability of 0.5, and there, at the threshold {threshold:.3f}, as misses and false alarms"
    )
    return table
