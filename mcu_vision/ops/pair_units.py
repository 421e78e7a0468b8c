"""An order of hidden units in which the zeros of sparse matrices leave more pairs of weights whole."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np

from mcu_vision.int8 import IntArray
from mcu_vision.ir import Array

LEAST_ZEROS = 0.2
"""Share of zeros below which units stay where they are."""
STARTS = 12
"""Orders from which the search begins; the first is the given one."""

Table = tuple[tuple[int, ...], ...]


def pair_units(matrices: Sequence[Array], uses: Sequence[int] | None = None) -> IntArray:
    """Order of units (columns of all `matrices`) such that elements 2i and 2i + 1 are often both not zero in a row.

    The best of a few local optima. An odd last unit stays. uses: how often each matrix is multiplied by (default: as
    often as the others).
    """
    kept = np.concatenate([np.asarray(m) != 0 for m in matrices])
    shares = np.repeat(np.ones(len(matrices), np.int64) if uses is None else uses, [len(m) for m in matrices])
    if kept.mean() > 1 - LEAST_ZEROS:
        return np.arange(kept.shape[1])
    together = kept.T.astype(np.int64) @ (kept * shares[:, None])
    return np.array(_best_order(tuple(map(tuple, together.tolist()))), np.int64)


@lru_cache(maxsize=64)
def _best_order(together: Table) -> tuple[int, ...]:
    """together[i][j]: what it is worth that units i and j are a pair."""
    generator = random.Random(0)
    paired = list(range(len(together) // 2 * 2))
    last = list(range(len(paired), len(together)))
    found = []
    for _ in range(STARTS):
        found.append(_improve(list(paired), together))
        generator.shuffle(paired)
    best = max(found, key=lambda order: _worth(order, together))
    return (*best, *last)


def _improve(order: list[int], together: Table) -> list[int]:
    """Units change partners as long as that makes more pairs."""
    improved = True
    while improved:
        improved = False
        for p, q in combinations(range(0, len(order), 2), 2):
            a, b, c, d = order[p], order[p + 1], order[q], order[q + 1]
            choices = ((a, b, c, d), (a, c, b, d), (a, d, b, c))
            gains = [together[w][x] + together[y][z] for w, x, y, z in choices]
            best = gains.index(max(gains))
            if best:
                order[p], order[p + 1], order[q], order[q + 1] = choices[best]
                improved = True
    return order


def _worth(order: list[int], together: Table) -> int:
    return sum(together[a][b] for a, b in zip(order[::2], order[1::2], strict=True))
