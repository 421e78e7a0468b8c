"""Accuracy of a wake-word model on labelled photos: in all, by source, and on those that people annotated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_vision.errors import UserError
from mcu_vision.evaluate.classification import accuracy, roc_auc
from mcu_vision.ir import Graph
from mcu_vision.ops import Softmax

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ALL, ANNOTATED = "all", "annotated by people"


@dataclass(frozen=True)
class WakeWordAccuracy:
    """Figures of some of the photos, at the threshold 0.5 and at `threshold`; auc: None for one class alone."""

    source: str
    photos: int
    persons: int
    accuracy: float
    auc: float | None
    threshold: float
    accuracy_at_threshold: float
    misses: int
    false_alarms: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def person_score(graph: Graph) -> Callable[[npt.NDArray[Any]], float]:
    """From the output of a two-class graph, logits or probabilities, to the probability of its second class.

    Raises UserError if it has another number of classes.
    """
    output = graph.tensors[graph.outputs[0]]
    if prod(output.shape) != 2:
        raise UserError(f"{graph.name} gives {list(output.shape)}, not two classes: choose a wake-word model")
    normalized = isinstance(graph.producer(output.name), Softmax)

    def score(values: npt.NDArray[Any]) -> float:
        logits = values.reshape(-1).astype(np.float64)
        if output.quantization is not None:
            logits = (logits - output.quantization.zero_point) * output.quantization.scale
        if normalized:
            return float(logits[1])
        return float(1 / (1 + np.exp(logits[0] - logits[1])))

    return score


def measure_wake_words(
    scores: FloatArray, labels: IntArray, sources: Sequence[str], annotated: npt.NDArray[np.bool_], threshold: float
) -> list[WakeWordAccuracy]:
    """Figures of all photos, of the annotated ones if there are any, and of each source; all arrays (N,)."""
    chosen = {ALL: np.ones(len(scores), bool)}
    if annotated.any():
        chosen[ANNOTATED] = annotated
    named = np.array(sources)
    chosen |= {source: named == source for source in sorted(set(sources))}
    return [_summarize(name, scores[part], labels[part], threshold) for name, part in chosen.items()]


def _summarize(source: str, scores: FloatArray, labels: IntArray, threshold: float) -> WakeWordAccuracy:
    auc = roc_auc(scores, labels)
    taken = scores >= threshold
    return WakeWordAccuracy(
        source=source,
        photos=len(labels),
        persons=int((labels == 1).sum()),
        accuracy=accuracy(scores, labels),
        auc=None if np.isnan(auc) else auc,
        threshold=threshold,
        accuracy_at_threshold=accuracy(scores, labels, threshold),
        misses=int((~taken & (labels == 1)).sum()),
        false_alarms=int((taken & (labels != 1)).sum()),
    )
