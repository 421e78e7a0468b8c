"""A bound on the arena that no program of rows can go below."""

from dataclasses import replace

import numpy as np

from mcu_vision.ir import Graph, Op
from mcu_vision.ops import Conv2d, DepthwiseConv2d
from mcu_vision.plan.row_rules import RowRule, in_memory, row_rules


def lower_bound_bytes(graph: Graph) -> int:
    """The least arena of any schedule of rows and any placement of `graph` as it stands, each row made once.

    The largest of: all outputs at the end; for each step of an operator the rows that it reads and writes, its
    state and its scratch; and for each operator and a reader of its output the best of all orders in which the
    steps of the two can alternate, with the rows in between, both states, and what is left of an image
    that was handed over as a frame. A row that may be written over one that is read counts once. Convolutions that
    make several rows a step, which is a choice, count as if they made one.
    """
    graph = _row_by_row(graph)
    rules = row_rules(graph)
    working = _Working(graph, rules)
    outputs = sum(graph.tensors[name].size_bytes for name in graph.outputs)
    singles = [max(working.of_step(index, step) for step in range(rule.steps)) for index, rule in enumerate(rules)]
    pairs = [
        _pair_bound(working, first, second)
        for second, rule in enumerate(rules)
        for first, other in enumerate(rules[:second])
        if any(name == other.output for name, _ in rule.reads) and not graph.ops[first].accumulates
    ]
    return max([outputs, *singles, *pairs])


def _row_by_row(graph: Graph) -> Graph:
    return replace(graph, ops=[_a_row_a_step(op) for op in graph.ops])


def _a_row_a_step(op: Op) -> Op:
    if isinstance(op, Conv2d):
        return replace(op, whole=False, winograd=False, step_rows=0)
    return replace(op, step_rows=0) if isinstance(op, DepthwiseConv2d) else op


class _Working:
    """Bytes that single steps of operators need."""

    def __init__(self, graph: Graph, rules: list[RowRule]) -> None:
        self.graph, self.rules = graph, rules
        calls = [op.kernel(graph) for op in graph.ops]
        self.scratch = [call.scratch_bytes for call in calls]
        self.state = [call.state_bytes for call in calls]
        self.dilation = [[w.dilation if w else 1 for w in op.windows(graph)] for op in graph.ops]
        self.frame = {name for name in in_memory(graph) if name in graph.inputs}

    def of_step(self, index: int, step: int, beside: frozenset[str] = frozenset()) -> int:
        """Rows read and written, state and scratch of one step; rows of the tensors `beside` do not count."""
        rule = self.rules[index]
        tensors = self.graph.tensors
        read = {
            (name, row)
            for (name, spans), dilation in zip(rule.reads, self.dilation[index], strict=False)
            for row in range(*spans[step], dilation)
            if name not in beside
        }
        size = sum(tensors[name].row_bytes for name, _ in read)
        low, high = rule.writes[step]
        written = 0 if rule.output in beside else (high - low) * tensors[rule.output].row_bytes
        rows = max(size, written) if self.graph.ops[index].in_place_inputs(self.graph) else size + written
        return rows + self.state[index] + self.scratch[index]

    def rows_left(self, index: int, tensor: str) -> list[int]:
        """First row of `tensor` that operator `index` still reads, by how many of its steps are done."""
        spans = next(spans for name, spans in self.rules[index].reads if name == tensor)
        starts = np.minimum.accumulate([first for first, _ in spans][::-1])[::-1]
        return [*starts.tolist(), self.graph.tensors[tensor].rows]


def _pair_bound(working: _Working, first: int, second: int) -> int:
    """The least peak over all orders of the steps of two operators, of which the second reads the first.

    reach[b] is the least peak with which a steps of the first and b of the second can be done.
    """
    graph, a_rule, b_rule = working.graph, working.rules[first], working.rules[second]
    between = a_rule.output
    if any(graph.ops[index].in_place_inputs(graph) for index in (first, second)):
        return 0
    row = graph.tensors[between].row_bytes
    b_left = working.rows_left(second, between)
    b_needs = next([last for _, last in spans] for name, spans in b_rule.reads if name == between)
    frame = sorted(working.frame & {name for name, _ in a_rule.reads})
    beside = frozenset([between, *frame])
    a_step = [working.of_step(first, a, beside) for a in range(a_rule.steps)]
    b_step = [working.of_step(second, b, frozenset([between])) for b in range(b_rule.steps)]
    image = np.zeros(a_rule.steps + 1, np.int64)
    for name in frame:
        left = np.array(working.rows_left(first, name))
        image += (graph.tensors[name].rows - left) * graph.tensors[name].row_bytes
    written = [0, *(high for _, high in a_rule.writes)]
    a_between = [working.state[first] * (0 < a < a_rule.steps) for a in range(a_rule.steps + 1)]
    b_between = [working.state[second] * (0 < b < b_rule.steps) for b in range(b_rule.steps + 1)]
    reach: list[int] = []
    for a in range(a_rule.steps + 1):
        previous, reach = reach, []
        for b in range(b_rule.steps + 1):
            ways = [0] if a == b == 0 else []
            if a:
                rows = max(0, written[a] - b_left[b])
                ways.append(max(previous[b], int(image[a - 1]) + rows * row + a_step[a - 1] + b_between[b]))
            if b and b_needs[b - 1] <= written[a]:
                rows = max(0, written[a] - b_left[b - 1])
                ways.append(max(reach[b - 1], int(image[a]) + rows * row + b_step[b - 1] + a_between[a]))
            reach.append(min(ways, default=1 << 50))
    return reach[-1]
