"""The live bytes of all streams that begin at one operator, from one schedule.

Operators never wait for those that read them, and of all that are ready the one farthest down runs. So steps of
operators [first, last) come in the same order whatever runs behind `last`: the schedule of the longest stream holds
those of all shorter ones, and what is live in these differs only by who reads a tensor within the stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Graph
from mcu_vision.plan.buffer import aligned
from mcu_vision.plan.op_facts import NEVER, OpFacts
from mcu_vision.plan.row_rules import in_memory
from mcu_vision.plan.schedule import stream_segment

Counts = npt.NDArray[np.int64]


class _Tensor(NamedTuple):
    """An activation. producer: its operator, -1 for an image. complete: rows written, by how many steps of that are
    done. readers: operators, and from which row on each reads, by how many of its steps are done."""

    row_bytes: int
    producer: int
    complete: Counts
    readers: list[tuple[int, Counts]]


class StreamMeter:
    """Measures streams of a graph."""

    def __init__(self, graph: Graph, facts: list[OpFacts]) -> None:
        self.facts = facts
        self.rules = [fact.rule for fact in facts]
        self.kept = graph.kept
        producers = {rule.output: index for index, rule in enumerate(self.rules)}
        readers: dict[str, list[tuple[int, Counts]]] = {name: [] for name in in_memory(graph)}
        for index, fact in enumerate(facts):
            for name, starts in fact.starts:
                readers[name].append((index, np.array(starts, np.int64)))
        self.tensors = {
            name: _Tensor(
                aligned(graph.tensors[name].row_bytes),
                producers.get(name, -1),
                facts[producers[name]].complete if name in producers else np.array([graph.tensors[name].rows]),
                readers[name],
            )
            for name in readers
        }

    def measure(self, first: int, lasts: set[int]) -> Iterator[tuple[int, Counts]]:
        """For each of `lasts` the most live bytes of each operator of [first, last), without scratch."""
        stream = _Stream(self, first, max(lasts))
        for last in range(first + 1, max(lasts) + 1):
            stream.extend()
            if last in lasts:
                yield last, stream.most_bytes()

    def bytes_between(self, place: int) -> int:
        """Live bytes when the operators before `place` have finished, and no other has begun."""
        live = 0
        for name, tensor in self.tensors.items():
            if tensor.producer < place:
                later = [int(starts[0]) for reader, starts in tensor.readers if reader >= place]
                needed = 0 if name in self.kept else min(later, default=NEVER)
                live += tensor.row_bytes * max(0, int(tensor.complete[-1]) - needed)
        return live

    def run(self, first: int, last: int) -> Counts:
        """The same for one stream."""
        ((_, most),) = self.measure(first, {last})
        return most


class _Stream:
    """A stream of [first, last) where `last` grows. Arrays have one entry for each step, those of an operator together.

    done[k]: steps of operator k (from `first` on) done before each. live: bytes before each step, with the state of
    operators at work; written: bytes that a step adds while it runs.
    """

    def __init__(self, meter: StreamMeter, first: int, end: int) -> None:
        self.meter, self.first, self.last = meter, first, first
        order = np.array([step.op for step in stream_segment(meter.rules, first, end)])
        by_op = order.argsort(kind="stable")
        self.ends = np.cumsum([0, *(rule.steps for rule in meter.rules[first:end])])
        runs = order == np.arange(first, end)[:, None]
        self.done = (runs.cumsum(1) - runs)[:, by_op]
        self.live = np.zeros(len(order), np.int64)
        self.written = np.zeros(len(order), np.int64)
        self.parts: dict[str, Counts] = {}
        for name, tensor in meter.tensors.items():
            if tensor.producer < first:
                self._count(name)

    def extend(self) -> None:
        """Take in one operator more."""
        index, meter = self.last, self.meter
        rule, fact = meter.rules[index], meter.facts[index]
        self.last += 1
        done = self.done[index - self.first]
        self.live += fact.state_bytes * ((done > 0) & (done < rule.steps))
        self.live[self.ends[index - self.first]] += fact.state_bytes  # the first step
        names = {name for name, _ in rule.reads} | {rule.output}
        for name in names:
            self._count(name)
        for other in range(self.first, self.last):
            if other == index or names.intersection(meter.facts[other].in_place):
                self._count_written(other)

    def most_bytes(self) -> Counts:
        """Of each operator."""
        end = self.ends[self.last - self.first]
        peaks = self.live[:end] + self.written[:end]
        return np.asarray(np.maximum.reduceat(peaks, self.ends[: self.last - self.first]))

    def _count(self, name: str) -> None:
        """Count the live bytes of a tensor anew."""
        tensor = self.meter.tensors[name]
        complete = self._complete(tensor)
        part = tensor.row_bytes * np.maximum(complete - self._needed(name), 0)
        self.live += part - self.parts.get(name, 0)
        self.parts[name] = part

    def _complete(self, tensor: _Tensor) -> Counts:
        if tensor.producer < self.first:
            return tensor.complete[-1:]
        return np.asarray(tensor.complete[self.done[tensor.producer - self.first]])

    def _needed(self, name: str, steps: slice = slice(None), index: int = -1) -> Counts:
        """First row of a tensor that is still read before some steps, or after those of operator `index`."""
        if name in self.meter.kept:
            return np.zeros(1, np.int64)
        low = np.full(1, NEVER, np.int64)
        for reader, starts in self.meter.tensors[name].readers:
            if reader >= self.last:
                low = np.minimum(low, starts[0])
            elif reader >= self.first:
                low = np.minimum(low, starts[self.done[reader - self.first, steps] + int(reader == index)])
        return low

    def _count_written(self, index: int) -> None:
        """Bytes that steps of an operator add: none where they make room for themselves."""
        meter, place = self.meter, index - self.first
        steps = slice(self.ends[place], self.ends[place + 1])
        output = meter.tensors[meter.rules[index].output]
        written = np.diff(output.complete) * output.row_bytes
        for name in {name for name, _ in meter.rules[index].reads}.intersection(meter.facts[index].in_place):
            tensor = meter.tensors[name]
            complete = self._complete(tensor)
            complete = complete if len(complete) == 1 else complete[steps]
            before, after = self._needed(name, steps), self._needed(name, steps, index)
            written = np.where(np.minimum(after, complete) > np.minimum(before, complete), 0, written)
        self.written[steps] = written
