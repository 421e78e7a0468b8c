"""How much memory each part of a graph needs if it runs as one stream."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Graph
from mcu_vision.plan.buffer import aligned
from mcu_vision.plan.op_facts import NEVER, FactsOfOps, OpFacts
from mcu_vision.plan.row_rules import in_memory
from mcu_vision.plan.schedule import stream_segment

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
    """Simulate every segment of `graph`, or only some."""
    count = len(graph.ops)
    meter = StreamMeter(graph, facts.of_graph(graph))
    held = np.full((count + 1, count + 1, count), NEVER, np.int64)
    for first, last in segments or combinations(range(count + 1), 2):
        held[first, last, first:last] = meter.run(first, last, limit_bytes)
    return SegmentTable(graph, meter.facts, held)


class StreamMeter:
    """Follows the live bytes of a stream."""

    def __init__(self, graph: Graph, facts: list[OpFacts]) -> None:
        self.graph, self.facts = graph, facts
        self.rules = rules = [fact.rule for fact in facts]
        names = in_memory(graph)
        self.row_bytes = {n: aligned(graph.tensors[n].row_bytes) for n in names}
        self.rows = {n: graph.tensors[n].rows for n in names}
        self.producer = dict.fromkeys(graph.inputs, -1) | {rule.output: i for i, rule in enumerate(rules)}
        self.readers: dict[str, list[tuple[int, tuple[int, ...]]]] = {n: [] for n in names}
        for index, fact in enumerate(facts):
            for name, starts in fact.starts:
                self.readers[name].append((index, starts))
        self.state = [fact.state_bytes for fact in facts]
        self.in_place = [fact.in_place for fact in facts]
        self.kept = graph.kept

    def run(self, first: int, last: int, limit: int) -> npt.NDArray[np.int64]:
        """Most live bytes of each operator of [first, last), without scratch; NEVER for all above `limit`."""
        done = [0] * len(self.rules)
        for i in range(first):
            done[i] = self.rules[i].steps
        complete = {n: self.rows[n] if self.producer[n] < first else 0 for n in self.rows}
        needed = {n: self._needed(n, done) for n in self.rows}
        live = sum(self.row_bytes[n] * max(0, complete[n] - needed[n]) for n in self.rows)
        most = np.zeros(last - first, np.int64)
        for item in stream_segment(self.graph, self.rules, first, last):
            op, rule = item.op, self.rules[item.op]
            output = rule.output
            begins, ends = item.step == 0, item.step == rule.steps - 1
            live += self.state[op] * begins
            done[op] += 1
            freed = 0
            reused = False
            for name, _ in rule.reads:
                low = self._needed(name, done)
                rows = min(low, complete[name]) - min(needed[name], complete[name])
                needed[name] = low
                freed += rows * self.row_bytes[name]
                reused |= rows > 0 and name in self.in_place[op]
            rows = max(rule.writes[item.step][1], int(begins), complete[output]) - complete[output]
            written = rows * self.row_bytes[output]
            complete[output] += rows
            peak = live + (0 if reused else written)
            most[op - first] = max(most[op - first], peak)
            if peak > limit:
                return np.full(last - first, NEVER, np.int64)
            unread = min(needed[output], complete[output]) - min(needed[output], complete[output] - rows)
            live += written - freed - unread * self.row_bytes[output] - self.state[op] * ends
        return most

    def _needed(self, tensor: str, done: list[int]) -> int:
        """First row of `tensor` that anybody still reads."""
        if tensor in self.kept:
            return 0
        low = NEVER
        for reader, starts in self.readers[tensor]:
            low = min(low, starts[done[reader]])
        return low
