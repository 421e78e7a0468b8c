"""In which order operators run their steps."""

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
    complete = dict.fromkeys(graph.tensors, 0) | {name: graph.tensors[name].rows for name in graph.inputs}
    bounds = [0, *sorted(cuts), len(rules)]
    schedule: list[Step] = []
    for first, last in pairwise(bounds):
        schedule += _stream(rules, range(first, last), complete)
    return schedule


def _stream(rules: list[RowRule], segment: range, complete: dict[str, int]) -> list[Step]:
    """Steps of the operators in `segment`; `complete` counts the rows that exist of each tensor."""
    done = dict.fromkeys(segment, 0)
    backwards = tuple(reversed(segment))
    steps: list[Step] = []
    for _ in range(sum(rules[i].steps for i in segment)):
        index = next(i for i in backwards if _ready(rules[i], done[i], complete))
        steps.append(Step(index, done[index]))
        complete[rules[index].output] = rules[index].writes[done[index]][1]
        done[index] += 1
    return steps


def _ready(rule: RowRule, step: int, complete: dict[str, int]) -> bool:
    if step >= rule.steps:
        return False
    for tensor, spans in rule.reads:  # noqa: SIM110 - a loop takes half the time of all(), millions of times
        if complete[tensor] < spans[step][1]:
            return False
    return True
