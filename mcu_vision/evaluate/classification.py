"""Figures of a two-class classifier from its scores."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def accuracy(scores: FloatArray, labels: IntArray, threshold: float = 0.5) -> float:
    """Share of samples on the right side of the threshold; a score at it counts as positive."""
    return float(np.mean((scores >= threshold) == (labels == 1)))


def roc_auc(scores: FloatArray, labels: IntArray) -> float:
    """Chance that a positive sample scores above a negative one, ties counting half; NaN for one class."""
    positives = int((labels == 1).sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    middle_ranks = np.cumsum(counts) - (counts - 1) / 2
    rank_sum = float(middle_ranks[inverse][labels == 1].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def best_threshold(scores: FloatArray, labels: IntArray) -> float:
    """The threshold of the best accuracy, halfway between scores; of equally good ones the nearest to 0.5."""
    values = np.unique(scores)
    middles = (values[:-1] + values[1:]) / 2
    candidates = np.concatenate([[0.5], middles])
    order = np.argsort(scores, kind="stable")
    below = np.searchsorted(scores[order], candidates)  # samples called negative
    negatives = np.concatenate([[0], np.cumsum(labels[order] != 1)])
    right = negatives[below] + (labels == 1).sum() - (below - negatives[below])
    best = candidates[right == right.max()]
    return float(best[np.argmin(np.abs(best - 0.5))])
