"""How much memory each part of a graph needs if it runs as one stream."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Graph
from mcu_vision.plan.buffer import aligned
from mcu_vision.plan.row_rules import RowRule, in_memory, row_rules
from mcu_vision.plan.schedule import stream_segment

NEVER = 1 << 50


@dataclass
class SegmentTable:
    """held[i, j, k]: the most bytes that are live while operator k runs, without its scratch, if operators
    [i, j) stream as one; NEVER where that exceeds the limit under which the table was made, 0 if k is outside."""

    graph: Graph
    rules: list[RowRule]
    held: npt.NDArray[np.int64]


def measure_segments(graph: Graph, limit_bytes: int) -> SegmentTable:
    """Simulate every segment of `graph`."""
    rules = row_rules(graph)
    count = len(rules)
    held = np.zeros((count + 1, count + 1, count), np.int64)
    meter = _Meter(graph, rules)
    for first in range(count):
        for last in range(first + 1, count + 1):
            held[first, last, first:last] = meter.run(first, last, limit_bytes)
    return SegmentTable(graph, rules, held)


class _Meter:
    """Follows the live bytes of a stream."""

    def __init__(self, graph: Graph, rules: list[RowRule]) -> None:
        self.graph, self.rules = graph, rules
        names = in_memory(graph)
        self.row_bytes = {n: aligned(graph.tensors[n].row_bytes) for n in names}
        self.rows = {n: graph.tensors[n].rows for n in names}
        self.producer = dict.fromkeys(graph.inputs, -1) | {rule.output: i for i, rule in enumerate(rules)}
        self.readers: dict[str, list[tuple[int, tuple[int, ...]]]] = {n: [] for n in names}
        for index, rule in enumerate(rules):
            for name, spans in rule.reads:
                # Where each step, and everything after the last, begins to read.
                starts = np.minimum.accumulate([first for first, _ in spans][::-1])[::-1]
                self.readers[name].append((index, (*starts.tolist(), NEVER)))
        self.state = [aligned(op.kernel(graph).state_bytes) for op in graph.ops]
        self.in_place = [op.in_place_inputs(graph) for op in graph.ops]
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
            rows = max(rule.writes[item.step][1], int(begins)) - complete[output]
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
