"""How much memory each part of a graph needs if it runs as one stream."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Graph
from mcu_vision.plan.op_facts import NEVER, FactsOfOps, OpFacts
from mcu_vision.plan.streams import StreamMeter

Segment = tuple[int, int]
"""Operators [first, last)."""


@dataclass
class SegmentTable:
    """held[i, j, k]: the most bytes that are live while operator k runs, without its scratch, if operators
    [i, j) stream as one; NEVER where that exceeds the limit under which the table was made, or was not measured."""

    graph: Graph
    facts: list[OpFacts]
    held: npt.NDArray[np.int64]


def measure_segments(
    graph: Graph, limit_bytes: int, facts: FactsOfOps, segments: Iterable[Segment] | None = None
) -> SegmentTable:
    """Measure every segment of `graph`, or only some."""
    count = len(graph.ops)
    meter = StreamMeter(graph, facts.of_graph(graph))
    possible = [meter.bytes_between(place) <= limit_bytes for place in range(count + 1)]
    held = np.full((count + 1, count + 1, count), NEVER, np.int64)
    ends: dict[int, set[int]] = {}
    for first, last in segments or combinations(range(count + 1), 2):
        if possible[first] and possible[last]:
            ends.setdefault(first, set()).add(last)
    for first, lasts in ends.items():
        for last, most in meter.measure(first, lasts):
            if most.max() <= limit_bytes:
                held[first, last, first:last] = most
    return SegmentTable(graph, meter.facts, held)
