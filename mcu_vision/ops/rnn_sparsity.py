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
    return {key: matrix for key, matrix in found.items() if _gains(matrix)}


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
