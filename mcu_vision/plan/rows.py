"""Which rows of each tensor are live at each step: the replay of a schedule."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Graph
from mcu_vision.plan.program import Step
from mcu_vision.plan.row_rules import RowRule, in_memory

NOTHING = int(np.iinfo(np.int32).max)


@dataclass
class RowTrace:
    """Rows [needed, complete) of each tensor (column) are live during each step (row of the arrays).

    needed: first row that this or a later step reads, NOTHING if none. complete: rows written when the
    step ends. first, last: schedule positions between which an operator writes a tensor or one reads it.
    """

    column: dict[str, int]
    needed: npt.NDArray[np.int32]
    complete: npt.NDArray[np.int32]
    first: dict[str, int]
    last: dict[str, int]

    def capacity(self, tensors: list[str]) -> int:
        """Rows that a ring shared by `tensors` must hold (rows of equal number share a place)."""
        columns = [self.column[t] for t in tensors]
        needed, complete = self.needed[:, columns], self.complete[:, columns]
        live = needed < complete
        low = np.where(live, needed, NOTHING).min(1).astype(np.int64)
        high = np.where(live, complete, 0).max(1)
        return max(1, int((high - low).max(initial=0)))


def trace_rows(graph: Graph, rules: list[RowRule], schedule: list[Step]) -> RowTrace:
    """Replay `schedule`."""
    names = in_memory(graph)
    column = {n: i for i, n in enumerate(names)}
    shape = (len(schedule), len(names))
    needed, complete = np.full(shape, NOTHING, np.int32), np.zeros(shape, np.int32)
    first: dict[str, int] = {}
    kept = graph.kept
    last = dict.fromkeys(kept, len(schedule))
    upcoming = [0 if n in kept else NOTHING for n in names]
    for position in range(len(schedule) - 1, -1, -1):
        rule, step = rules[schedule[position].op], schedule[position].step
        for tensor, spans in rule.reads:
            upcoming[column[tensor]] = min(upcoming[column[tensor]], spans[step][0])
            last.setdefault(tensor, position)
        needed[position] = upcoming
        first[rule.output] = position
        last.setdefault(rule.output, position)
    written = [graph.tensors[n].rows if n in graph.inputs else 0 for n in names]
    for position, item in enumerate(schedule):
        rule = rules[item.op]
        low, high = rule.writes[item.step]
        target = column[rule.output]
        written[target] = max(written[target], high)
        complete[position] = written
        # A row that nobody reads still needs a place while it is written.
        needed[position, target] = min(needed[position, target], low)
    return RowTrace(column, needed, complete, first, last)
