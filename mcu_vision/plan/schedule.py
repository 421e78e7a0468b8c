"""In which order operators run their steps."""

from collections.abc import Iterator
from itertools import pairwise

from mcu_vision.ir import Graph
from mcu_vision.plan.program import Step
from mcu_vision.plan.row_rules import RowRule


def schedule_steps(graph: Graph, rules: list[RowRule], cuts: tuple[int, ...] = ()) -> list[Step]:
    """Order the steps of all operators.

    `cuts` are indices of operators at which the graph is cut into segments; each segment ends before the
    next begins. Within one, always the operator farthest down the graph that has its rows runs next, so that
    each map is kept only as long as its rows are still needed. No cut streams the whole graph; a cut before
    every operator runs layer by layer.
    """
    bounds = [0, *sorted(cuts), len(rules)]
    return [step for first, last in pairwise(bounds) for step in stream_segment(rules, first, last)]


def stream_segment(rules: list[RowRule], first: int, last: int) -> Iterator[Step]:
    """Steps of operators [first, last) when those before have finished."""
    makers = {rules[index].output: index for index in range(first, last)}
    awaited: dict[int, list[tuple[int, list[int]]]] = {}
    readers: dict[int, list[int]] = {index: [] for index in range(first, last)}
    for index in range(last - 1, first - 1, -1):
        inside = [(makers[name], spans) for name, spans in rules[index].reads if name in makers]
        awaited[index] = [(maker, [end for _, end in spans]) for maker, spans in inside]
        for maker in {maker for maker, _ in inside}:
            readers[maker].append(index)
    done, complete = [0] * last, [0] * last

    def ready(index: int) -> bool:
        step = done[index]
        if step >= rules[index].steps:
            return False
        for maker, ends in awaited[index]:  # noqa: SIM110 - a loop takes half the time of all(), millions of times
            if complete[maker] < ends[step]:
                return False
        return True

    index = last - 1
    for _ in range(sum(rules[i].steps for i in range(first, last))):
        # Only readers of what was just written can have become ready below the operator that wrote it.
        for reader in readers.get(index, ()):
            if reader > index and ready(reader):
                index = reader
                break
        else:
            while not ready(index):
                index -= 1
        step = done[index]
        yield Step(index, step)
        complete[index] = rules[index].writes[step][1]
        done[index] += 1
