"""Which matrices of an RNNPool hold so many zeros that code of their own is faster than kernels for all weights."""

from __future__ import annotations

from math import ceil

import numpy as np

from mcu_vision.int8 import IntArray
from mcu_vision.ir import Graph, to_int
from mcu_vision.ops.rnn_pool import RnnPool

SIZES = (8, 16)
"""Lengths of vectors that nn_rnn_sparse.h has frames for."""
WEIGHT_REGISTERS = 3
DENSE_CYCLES = 15 / 16
"""Of a weight and one vector, in nn_rnn_assembly.h."""
DENSE_PIXEL_CYCLES = 11
"""Of a unit and two pixels, in nn_rnn_pixels.h."""
GAIN = 0.9


def sparse_matrices(op: RnnPool, graph: Graph) -> dict[str, IntArray]:
    """Matrices (units, inputs) for which code is generated, by the field of nn_rnn_pool that names it."""
    params = op.kernel(graph).params
    found = {}
    for cell in ("cell1", "cell2"):
        if params[f"{cell}.simple"] and params[f"{cell}.u_spare"] >= 0:
            found[f"{cell}.sweep"] = to_int(np.asarray(params[f"{cell}.u"]))
    if params["cell1.simple"] and params["cell2.w_spare"] >= 0:
        found["cell2.project"] = to_int(np.asarray(params["cell2.w"]))
    found = {key: matrix for key, matrix in found.items() if _gains(matrix)}
    w = to_int(np.asarray(params["cell1.w"]))
    if params["pixel_shift"] >= 0 and len(w) % 4 == 0 and pixel_cycles(w) < GAIN * DENSE_PIXEL_CYCLES * len(w):
        found["cell1.pixels"] = w
    return found


def pixel_words(w: IntArray) -> IntArray:
    """Weights (units, 2, 2) of up to 4 channels: of channels 0 and 2, then of 1 and 3; zeros for missing ones."""
    padded = np.pad(w, ((0, 0), (0, 4 - w.shape[1])))
    return np.asarray(padded.reshape(-1, 2, 2).transpose(0, 2, 1))


def pixel_cycles(w: IntArray) -> int:
    """Cycles of the generated products of two pixels and a matrix with an even number of units.

    For each two units: two starts and a word of weights loaded, two multiply-accumulates for each pair of weights that
    are not both zero, four instructions that pack and store.
    """
    kept = (pixel_words(w) != 0).any(2).reshape(-1, 4).sum(1)
    return int((7 + 3 * kept + (kept > WEIGHT_REGISTERS)).sum())


def _gains(matrix: IntArray) -> bool:
    sizes_fit = all(size in SIZES for size in matrix.shape)
    return sizes_fit and product_cycles(matrix) < GAIN * DENSE_CYCLES * matrix.size


def product_cycles(matrix: IntArray) -> int:
    """Cycles of the generated products of a vector and a matrix with an even number of units.

    For each two units: a multiply-accumulate for each pair of elements that is not zero, a load of two starts and
    up to three words of weights, more loads of three, and two instructions that pack the sums.
    """
    total = 0
    for unit in range(0, len(matrix), 2):
        kept = (matrix[unit : unit + 2].reshape(-1, 2) != 0).sum(1)
        both, single = int((kept == 2).sum()), int((kept == 1).sum())
        words = both + ceil(single / 2)
        loads = max(1, ceil(words / WEIGHT_REGISTERS))
        total += both + single + 2 + words + loads + 2
    return total
