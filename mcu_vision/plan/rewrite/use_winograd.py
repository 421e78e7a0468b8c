"""Lets convolutions run by Winograd's method where that is faster."""

from dataclasses import replace

import numpy as np

from mcu_vision.ir import Graph
from mcu_vision.ops import Conv2d
from mcu_vision.plan.cost import estimate_cycles

FLASH_BYTES = 1 << 19
"""What transformed filters, 8 bytes a weight, may take."""


def use_winograd(graph: Graph) -> Graph:
    """`graph` with such convolutions, those that save most cycles a byte of filters first; itself if there are none."""
    chosen: dict[str, Conv2d] = {}
    rated = sorted(_faster(graph), key=lambda item: (-item[0], item[1].name))
    used = 0
    for _, op, size in rated:
        if used + size <= FLASH_BYTES:
            chosen[op.name] = op
            used += size
    return replace(graph, ops=[chosen.get(op.name, op) for op in graph.ops]) if chosen else graph


def _faster(graph: Graph) -> list[tuple[float, Conv2d, int]]:
    """Convolutions that gain: cycles saved a byte, the operator changed, bytes."""
    found = []
    for op in graph.ops:
        if isinstance(op, Conv2d) and not op.winograd and op.winograd_fits(graph):
            changed = replace(op, winograd=True)
            saved = estimate_cycles(graph, op) - estimate_cycles(graph, changed)
            size = np.asarray(changed.kernel(graph).params["weights"]).nbytes
            if saved > 0:
                found.append((saved / size, changed, size))
    return found
