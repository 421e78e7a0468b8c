"""The search: where to cut a graph into streams, and how large a tile each operator works on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from mcu_vision.ir import Graph
from mcu_vision.plan.op_facts import NEVER, FactsOfOps, Variants
from mcu_vision.plan.segments import Segment, SegmentTable, measure_segments


@dataclass(frozen=True)
class Candidate:
    """A graph with its tiles chosen, cuts, the most bytes live at once, and cycles of one inference."""

    graph: Graph
    cuts: tuple[int, ...]
    live_bytes: int
    cycles: int


def search_graph(
    graph: Graph, limit_bytes: int, facts: FactsOfOps, segments: Iterable[Segment] | None = None
) -> list[Candidate]:
    """All best compromises between memory and time within `limit_bytes`, the fastest first.

    Exact for what it looks at: programs that cut the operators, in their order, into streams of rows (any, or only
    those of `segments`), with the tiles of `TILE_PIXELS`; measured in live bytes, before placement.
    """
    return search_table(measure_segments(graph, limit_bytes, facts, segments), limit_bytes)


def search_table(table: SegmentTable, limit_bytes: int) -> list[Candidate]:
    """The same for segments that have been measured."""
    found = []
    budget = limit_bytes
    while candidate := fastest_program(table, budget):
        found.append(candidate)
        budget = candidate.live_bytes - 1
    return [a for a, b in pairwise(found) if b.cycles > a.cycles] + found[-1:]


def fastest_program(table: SegmentTable, budget: int) -> Candidate | None:
    """The fastest program of at most `budget` live bytes; of equally fast ones one with long streams."""
    variants = [fact.variants for fact in table.facts]
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


def _candidate(table: SegmentTable, variants: list[Variants], bounds: list[int], budget: int) -> Candidate:
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
