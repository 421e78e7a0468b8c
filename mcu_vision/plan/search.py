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
    choices = _Choices(table)
    budget = limit_bytes
    while candidate := choices.fastest(budget):
        found.append(candidate)
        budget = candidate.live_bytes - 1
    return [a for a, b in pairwise(found) if b.cycles > a.cycles] + found[-1:]


def fastest_program(table: SegmentTable, budget: int) -> Candidate | None:
    """The fastest program of at most `budget` live bytes; of equally fast ones one with long streams."""
    return _Choices(table).fastest(budget)


class _Choices:
    """The operators of all measured segments side by side, by where segments end, then where they begin.

    first, last: of each segment. least: bytes of each in its variants of least scratch. op, held: of each operator
    of each segment. steps, cycles: for all operators, one after the other, from how many free bytes on (one more, and
    STRIDE for each operator) which variant fits, and what that costs; before them what costs if none does.
    """

    STRIDE = 1 << 40

    def __init__(self, table: SegmentTable) -> None:
        self.table = table
        self.variants = variants = [fact.variants for fact in table.facts]
        measured = (table.held < NEVER).any(2)
        last, first = measured.T.nonzero()
        sizes = last - first
        op = np.arange(sizes.sum()) - np.repeat(sizes.cumsum() - sizes - first, sizes)
        held = table.held[np.repeat(first, sizes), np.repeat(last, sizes), op]
        scratch = np.array([v.scratch[-1] for v in variants])
        least = np.maximum.reduceat(held + scratch[op], sizes.cumsum() - sizes) if len(op) else held
        self.first, self.last, self.least, self.op, self.held = first, last, least, op, held
        steps = [np.array([0, *(v.scratch[::-1] + 1)]) for v in variants]
        self.steps = np.concatenate([k * self.STRIDE + step for k, step in enumerate(steps)])
        self.cycles = np.concatenate([np.array([NEVER, *v.cycles[::-1]]) for v in variants])

    def fastest(self, budget: int) -> Candidate | None:
        """See `fastest_program`."""
        count = len(self.variants)
        fits = self.least <= budget
        first, last = self.first[fits], self.last[fits]
        inside = np.repeat(fits, self.last - self.first)
        op, left = self.op[inside], budget - self.held[inside]
        if not len(first):
            return None
        costs = self.cycles[np.searchsorted(self.steps, op * self.STRIDE + left + 1, "right") - 1]
        starts = (last - first).cumsum() - (last - first)
        cycles = np.add.reduceat(costs, starts)
        total, start = [0] + [NEVER] * count, [0] * (count + 1)
        for begin, end, cost in zip(first.tolist(), last.tolist(), cycles.tolist(), strict=True):
            if total[begin] + cost < total[end]:
                total[end], start[end] = total[begin] + cost, begin
        if total[count] >= NEVER:
            return None
        bounds = [count]
        while bounds[0]:
            bounds.insert(0, start[bounds[0]])
        return _candidate(self.table, self.variants, bounds, budget)


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
