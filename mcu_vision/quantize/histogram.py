"""Distribution of a tensor's values, gathered batch by batch in constant memory."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Array

BINS = 1 << 14
SMALLEST = 2.0**-40


class Histogram:
    """Counts of values in BINS equal bins over [-limit, limit], limit a power of two.

    A larger value doubles the limit and merges bins in pairs, so the result does not depend on the order
    of the batches (except for the limit that the first ones start with).
    """

    def __init__(self) -> None:
        self.limit = SMALLEST
        self.counts = np.zeros(BINS, np.int64)
        self.low = math.inf
        self.high = -math.inf

    def add(self, values: Array) -> None:
        """Count finite values."""
        low, high = float(values.min()), float(values.max())
        self.low, self.high = min(self.low, low), max(self.high, high)
        self._reach(max(-low, high))
        width = 2 * self.limit / BINS
        index = ((values.ravel() + self.limit) / width).astype(np.int64)
        self.counts += np.bincount(np.clip(index, 0, BINS - 1), minlength=BINS)

    def _reach(self, value: float) -> None:
        while self.limit < value:
            self.limit *= 2
            if not self.counts.any():
                continue
            merged = self.counts.reshape(-1, 2).sum(1)
            self.counts = np.zeros(BINS, np.int64)
            self.counts[BINS // 4 : 3 * BINS // 4] = merged

    def filled(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Centres and counts of the bins that hold values; centres lie within [low, high]."""
        used = np.flatnonzero(self.counts)
        centers = (used + 0.5) * (2 * self.limit / BINS) - self.limit
        return np.clip(centers, self.low, self.high), self.counts[used]
