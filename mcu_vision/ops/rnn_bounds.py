"""Bounds of RNNPool's cells by which its kernels are chosen; see firmware/nn/nn_rnn_simple.h."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mcu_vision.ir import Array, Tensor, to_int

if TYPE_CHECKING:
    from mcu_vision.ops.rnn_pool import Cell, CellFormat

STATE_BITS = 14
ONE = 1 << STATE_BITS
INT16_LIMIT = 1 << 15
PIXEL_LIMIT = 128
SIMPLE_ROW_LIMIT = 1 << 17
"""A simple cell's rows of U sum up to less in magnitude, that accumulators fit 32 bits."""


def is_simple(cell: Cell, form: CellFormat) -> bool:
    """Whether a cell with piecewise-linear gates keeps to the bounds of nn_rnn_simple.h."""
    shift, u = form.u_bits + STATE_BITS - form.pre_bits, to_int(cell.u)
    if (form.zeta, form.nu) != (ONE, 0) or shift <= 1 or u.min() == -INT16_LIMIT:
        return False
    sums = np.abs(u).sum(1)
    bias = np.maximum(np.abs(to_int(cell.bias_z)), np.abs(to_int(cell.bias_h)))
    lanes = (sums << STATE_BITS >> shift) + 1 + bias + (1 << form.pre_bits)
    return bool(sums.max() < SIMPLE_ROW_LIMIT and lanes.max() < INT16_LIMIT)


def spare_bits(matrix: Array, shift: int) -> int:
    """By how many bits sums that are shifted right by `shift` can be scaled up to be shifted by 16; -1 if not."""
    bits = 16 - shift
    return bits if bits >= 0 and int(np.abs(to_int(matrix)).max()) << bits < INT16_LIMIT else -1


def products_fit(cell: Cell, form: CellFormat, zero: int, limit: int) -> bool:
    """Whether no input product of values up to `limit` saturates."""
    w, shift = to_int(cell.w), form.w_bits - form.pre_bits
    most = np.abs(w).sum(1) * limit + np.abs(zero * w.sum(1)) + (1 << (shift - 1))
    return bool((most >> shift).max() < INT16_LIMIT)


def pixel_shift(x: Tensor, cell: Cell, form: CellFormat) -> int:
    """By how many bits kernels scale pixels up such that input products are the high halves of sums; -1 if not."""
    shift = 16 - (form.w_bits - form.pre_bits)
    fits = x.shape[3] <= 4 <= x.row_elements and products_fit(cell, form, x.quant.zero_point, PIXEL_LIMIT)
    return shift if fits and 0 <= shift < 8 else -1
