"""Least squares with coefficients that are not negative: prices of work, which never gives time back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

ROUNDS = 2000


def nonnegative_least_squares(
    matrix: npt.NDArray[np.float64], target: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """x >= 0 that minimises |matrix x - target|, by coordinate descent (Franc, Hlavac and Navara, 2005)."""
    scale = np.maximum(np.linalg.norm(matrix, axis=0), 1e-30)
    unit = matrix / scale
    gram, gradient = unit.T @ unit, -unit.T @ target
    x = np.zeros(len(gram))
    for _ in range(ROUNDS):
        for j in range(len(x)):
            change = max(-x[j], -gradient[j])
            gradient += gram[j] * change
            x[j] += change
    return np.asarray(x / scale)
