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
    return [step for first, last in pairwise(bounds) for step in stream_segment(graph, rules, first, last)]


def stream_segment(graph: Graph, rules: list[RowRule], first: int, last: int) -> Iterator[Step]:
    """Steps of operators [first, last) when those before have finished."""
    complete = {name: tensor.rows for name, tensor in graph.tensors.items()}
    readers: dict[str, list[int]] = {}
    for index in range(last - 1, first - 1, -1):
        complete[rules[index].output] = 0
        for tensor in {name for name, _ in rules[index].reads}:
            readers.setdefault(tensor, []).append(index)
    done = dict.fromkeys(range(first, last), 0)
    index = last - 1
    for _ in range(sum(rules[i].steps for i in range(first, last))):
        # Only readers of what was just written can have become ready below the operator that wrote it.
        for reader in readers.get(rules[index].output, ()):
            if reader > index and _ready(rules[reader], done[reader], complete):
                index = reader
                break
        else:
            while not _ready(rules[index], done[index], complete):
                index -= 1
        yield Step(index, done[index])
        complete[rules[index].output] = rules[index].writes[done[index]][1]
        done[index] += 1


def _ready(rule: RowRule, step: int, complete: dict[str, int]) -> bool:
    if step >= rule.steps:
        return False
    for tensor, spans in rule.reads:  # noqa: SIM110 - a loop takes half the time of all(), millions of times
        if complete[tensor] < spans[step][1]:
            return False
    return True
