"""An order of hidden units in which the zeros of sparse matrices leave more pairs of weights whole."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from mcu_vision.int8 import IntArray
from mcu_vision.ir import Array

LEAST_ZEROS = 0.2
"""Share of zeros below which units stay where they are."""


def pair_units(matrices: Sequence[Array]) -> IntArray:
    """Order of units (columns of all `matrices`) such that elements 2i and 2i + 1 are often both not zero in a row.

    Units change partners as long as that makes more pairs: a local optimum. An odd last unit stays.
    """
    kept = np.concatenate([np.asarray(m) != 0 for m in matrices])
    units = kept.shape[1]
    order = list(range(units))
    if kept.mean() > 1 - LEAST_ZEROS:
        return np.array(order, np.int64)
    together = kept.T.astype(np.int64) @ kept.astype(np.int64)
    improved = True
    while improved:
        improved = False
        for p, q in combinations(range(0, units - 1, 2), 2):
            a, b, c, d = order[p], order[p + 1], order[q], order[q + 1]
            choices = [(a, b, c, d), (a, c, b, d), (a, d, b, c)]
            gains = [together[w, x] + together[y, z] for w, x, y, z in choices]
            best = int(np.argmax(gains))
            if gains[best] > gains[0]:
                order[p], order[p + 1], order[q], order[q + 1] = choices[best]
                improved = True
    return np.array(order, np.int64)
