"""Fixed-point formats of RNNPool's cells; their meaning is in `mcu_vision.ops.rnn_pool`."""

from __future__ import annotations

import math

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, Tensor
from mcu_vision.ops import RnnPool
from mcu_vision.ops.rnn_pool import ONE, STATE_BITS, Cell, CellFormat

INT32_LIMIT = 2**31 - 1
PRE_BITS = (5, 13)
HIGH_HALF = 16
"""Most bits by which sums of products are shifted right: kernels then find the result in their high halves."""
SMOOTH_LIMIT = 8.0
"""Beyond it the tables of the smooth gates are constant."""


def convert_rnn_pool(graph: Graph, op: RnnPool) -> None:
    """Replace the float constants of `op` by integers and set `op.formats`.

    Fraction bits of weights are the most that int16 entries and an int32 sum of products allow. Raises
    UserError if a gate parameter or a weight is too large for the format.
    """
    formats = []
    scale, input_limit = graph.tensors[op.inputs[0]].quant.scale, 255
    for index in (0, 1):
        names = op.inputs[1 + 4 * index : 5 + 4 * index]
        cell = Cell(*(graph.tensors[n].data.astype(np.float64) for n in names))  # type: ignore[union-attr]
        state_limit = _state_limit(op, index)
        form, integers = _convert_cell(op, index, cell._replace(w=cell.w * scale), input_limit, state_limit)
        formats.append(form)
        for name, data in zip(names, integers, strict=True):
            graph.tensors[name] = Tensor(name, data.shape, str(data.dtype), None, data)
        scale, input_limit = 1 / ONE, state_limit  # the second cell reads states of the first
    op.formats = tuple(formats)


def _convert_cell(op: RnnPool, index: int, cell: Cell, input_limit: int, state_limit: int) -> tuple[CellFormat, Cell]:
    """cell: w already times the scale of its input."""
    gates = [_q14(op, name, value) for name, value in (("zeta", op.zeta[index]), ("nu", op.nu[index]))]
    pre_bits = _pre_bits(op, cell, state_limit / ONE)
    most = pre_bits + HIGH_HALF
    w_bits = min(_weight_bits(cell.w, input_limit, pre_bits), most)
    u_bits = min(_weight_bits(cell.u, state_limit, pre_bits - STATE_BITS), most - STATE_BITS)
    integers = Cell(
        _to_int16(cell.w, w_bits),
        _to_int16(cell.u, u_bits),
        _to_int16(cell.bias_z, pre_bits),
        _to_int16(cell.bias_h, pre_bits),
    )
    return CellFormat(w_bits, u_bits, pre_bits, gates[0], gates[1]), integers


def _state_limit(op: RnnPool, index: int) -> int:
    """Bound of a cell's states: one if zeta + nu <= 1, to which rounding of the gates adds one unit a step."""
    bounded = op.zeta[index] + op.nu[index] <= 1
    return ONE + max(op.patch) if bounded else 2 * ONE


def _q14(op: RnnPool, name: str, value: float) -> int:
    if not 0 <= value < 2:
        raise UserError(f"{op.name}: {name} is {value}, but the fixed-point cell needs it in [0, 2)")
    return round(value * ONE)


def _pre_bits(op: RnnPool, cell: Cell, state_limit: float) -> int:
    """The most fraction bits with which an input product saturated to int16 still saturates both gates."""
    gate_limit = SMOOTH_LIMIT if op.smooth else 1.0
    recurrent = np.abs(cell.u).sum(1) * state_limit
    bias = np.maximum(np.abs(cell.bias_z), np.abs(cell.bias_h))
    needed = float((recurrent + bias).max()) + gate_limit
    bits = 15 - math.ceil(math.log2(needed))
    if bits < PRE_BITS[0]:
        raise UserError(f"{op.name}: recurrent weights or biases add up to {needed:.0f}; train with decay")
    return min(bits, PRE_BITS[1])


def _weight_bits(weights: Array, input_limit: int, least_shift: int) -> int:
    """The most fraction bits such that entries fit int16 and a row's rounded sum of products int32.

    The sum is shifted right by bits - least_shift, which must not exceed 30.
    """
    for bits in range(least_shift + 30, -32, -1):
        integers = np.floor(np.abs(weights) * 2.0**bits + 0.5)
        sums = integers.sum(1) * input_limit + 2.0 ** max(bits - least_shift - 1, 0)
        if integers.max() <= 32767 and sums.max() <= INT32_LIMIT:
            return bits
    raise UserError("a weight of RNNPool exceeds every fixed-point format; train with decay")


def _to_int16(values: Array, bits: int) -> Array:
    return np.clip(np.floor(values * 2.0**bits + 0.5), -32768, 32767).astype(np.int16)
