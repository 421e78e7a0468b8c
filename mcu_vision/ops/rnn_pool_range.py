"""How large the sums of products of RNNPool's integers can become; its kernels, and its exports, have 32 bits."""

import numpy as np

from mcu_vision.ir import Graph
from mcu_vision.ops.rnn_pool import ONE, STATE_BITS, RnnPool

BESIDE = 1 << 17
"""More than the input product and a bias add to a recurrent sum."""


def largest_sum(graph: Graph, op: RnnPool) -> int:
    """A bound of every sum of products, rounded or shifted to the left."""
    zero = graph.tensors[op.inputs[0]].quant.zero_point
    limit = max(127 - zero, 128 + zero)
    largest = 0
    for index, form in enumerate(op.formats):
        # Gates that add up to 1 at most keep the state at 1, but for a unit of rounding a step.
        state = ONE + max(op.patch) if form.zeta + form.nu <= ONE else 2 * ONE
        for position, factor, bits in ((1, limit, form.w_bits), (2, state, form.u_bits + STATE_BITS)):
            shift = bits - form.pre_bits
            rows = np.abs(op.constant(graph, 4 * index + position).astype(np.int64)).sum(1)
            total = int(rows.max()) * factor
            largest = max(largest, total + (1 << (shift - 1)) if shift > 0 else (total << -shift) + BESIDE)
        limit = state
    return largest
