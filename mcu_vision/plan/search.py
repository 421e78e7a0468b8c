"""The search: where to cut a graph into streams, and how large a tile each operator works on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Graph, Op
from mcu_vision.plan.buffer import aligned
from mcu_vision.plan.cost import estimate_cycles
from mcu_vision.plan.segments import NEVER, SegmentTable, measure_segments

TILE_PIXELS = (4, 8, 16, 24, 48)
"""Tiles that the search tries, besides a whole row and the one that an operator has."""


@dataclass(frozen=True)
class Candidate:
    """A graph with its tiles chosen, cuts, the most bytes live at once, and cycles of one inference."""

    graph: Graph
    cuts: tuple[int, ...]
    live_bytes: int
    cycles: int


@dataclass(frozen=True)
class _Variants:
    """Variants of one operator, each slower and with less scratch than the one before."""

    ops: list[Op]
    scratch: npt.NDArray[np.int64]
    cycles: npt.NDArray[np.int64]


def search_graph(graph: Graph, limit_bytes: int) -> list[Candidate]:
    """All best compromises between memory and time within `limit_bytes`, the fastest first.

    Exact for what it looks at: programs that cut the operators, in their order, into streams of rows, with
    the tiles of `TILE_PIXELS`; measured in live bytes, before placement.
    """
    table = measure_segments(graph, limit_bytes)
    variants = [_variants(graph, op) for op in graph.ops]
    found = []
    budget = limit_bytes
    while candidate := _fastest(table, variants, budget):
        found.append(candidate)
        budget = candidate.live_bytes - 1
    return [a for a, b in pairwise(found) if b.cycles > a.cycles] + found[-1:]


def _variants(graph: Graph, op: Op) -> _Variants:
    """The tiles of `op` that are worth their scratch."""
    ops = [op]
    own = getattr(op, "tile_pixels", None)
    if own is not None:
        width = graph.tensors[op.outputs[0]].shape[2]
        tiles = {*(tile for tile in TILE_PIXELS if tile < width), width} - {own}
        ops += [replace(op, tile_pixels=tile) for tile in sorted(tiles)]  # type: ignore[call-arg]
    rated = sorted(((estimate_cycles(graph, o), aligned(o.kernel(graph).scratch_bytes), i) for i, o in enumerate(ops)))
    best = [rated[0]]
    for item in rated[1:]:
        if item[1] < best[-1][1]:
            best.append(item)
    return _Variants([ops[i] for _, _, i in best], np.array([b[1] for b in best]), np.array([b[0] for b in best]))


def _fastest(table: SegmentTable, variants: list[_Variants], budget: int) -> Candidate | None:
    """The fastest program of at most `budget` live bytes; of equally fast ones one with long streams."""
    count = len(variants)
    inside = np.arange(count)
    firsts, lasts = np.arange(count + 1)[:, None], np.arange(count + 1)[None]
    cycles = np.zeros((count + 1, count + 1), np.int64)
    for k in inside:
        left = budget - table.held[:, :, k]
        choice = len(variants[k].ops) - np.searchsorted(variants[k].scratch[::-1], left, "right")
        cost = np.append(variants[k].cycles, NEVER)[choice]
        cycles = np.minimum(cycles + np.where((firsts <= k) & (k < lasts), cost, 0), NEVER)
    total, start = np.zeros(count + 1, np.int64), np.zeros(count + 1, np.int64)
    for last in range(1, count + 1):
        sums = total[:last] + cycles[:last, last]
        start[last] = sums.argmin()
        total[last] = min(int(sums.min()), NEVER)
    if total[count] >= NEVER:
        return None
    bounds = [count]
    while bounds[0]:
        bounds.insert(0, int(start[bounds[0]]))
    return _candidate(table, variants, bounds, budget)


def _candidate(table: SegmentTable, variants: list[_Variants], bounds: list[int], budget: int) -> Candidate:
    """The cheapest variants within `budget` along the segments between `bounds`."""
    ops, live, cycles = [], 0, 0
    for first, last in pairwise(bounds):
        for k in range(first, last):
            held = int(table.held[first, last, k])
            choice = int((variants[k].scratch + held <= budget).argmax())
            ops.append(variants[k].ops[choice])
            live = max(live, held + int(variants[k].scratch[choice]))
            cycles += int(variants[k].cycles[choice])
    return Candidate(replace(table.graph, ops=ops), tuple(bounds[1:-1]), live, cycles)
