"""Accuracy, ROC AUC and the choice of a threshold, against their definitions."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mcu_vision.evaluate.classification import accuracy, best_threshold, roc_auc

SAMPLES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 1)), min_size=2, max_size=40)


def _arrays(samples):
    return np.array([s / 8 for s, _ in samples]), np.array([label for _, label in samples], np.int64)


@given(SAMPLES)
def test_auc_counts_pairs(samples):
    scores, labels = _arrays(samples)
    positives, negatives = scores[labels == 1], scores[labels == 0]
    if not len(positives) or not len(negatives):
        assert np.isnan(roc_auc(scores, labels))
        return
    wins = (positives[:, None] > negatives).mean() + 0.5 * (positives[:, None] == negatives).mean()
    np.testing.assert_allclose(roc_auc(scores, labels), wins)


@given(SAMPLES)
def test_no_other_threshold_is_better(samples):
    scores, labels = _arrays(samples)
    best = accuracy(scores, labels, best_threshold(scores, labels))
    between = np.arange(-1, 18) / 16 + 1 / 32
    interior = between[(between > scores.min()) & (between < scores.max())]
    assert best >= max((accuracy(scores, labels, float(t)) for t in interior), default=0.0)
    assert best >= accuracy(scores, labels, 0.5)


def test_of_equal_thresholds_the_one_nearest_to_a_half():
    scores, labels = np.array([0.1, 0.9, 0.7, 0.2]), np.array([0, 1, 1, 0], np.int64)
    assert best_threshold(scores, labels) == 0.5
    assert accuracy(scores, labels) == 1.0
