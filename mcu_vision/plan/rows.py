"""Which rows of each tensor are live at each step: the replay of a schedule."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Graph
from mcu_vision.plan.program import Step

NOTHING = np.iinfo(np.int32).max


@dataclass
class RowTrace:
    """Rows [needed, complete) of each tensor (column) are live during each step (row of the arrays).

    needed: first row that this or a later step reads, NOTHING if none. complete: rows written when the
    step ends. first, last: schedule positions between which the tensor is in use.
    """

    names: list[str]
    needed: npt.NDArray[np.int32]
    complete: npt.NDArray[np.int32]
    first: dict[str, int]
    last: dict[str, int]

    def capacity(self, tensors: list[str]) -> int:
        """Rows that a ring shared by `tensors` must hold (rows of equal number share a place)."""
        columns = [self.names.index(t) for t in tensors]
        needed, complete = self.needed[:, columns], self.complete[:, columns]
        live = needed < complete
        low = np.where(live, needed, NOTHING).min(1)
        high = np.where(live, complete, 0).max(1)
        return max(1, int((high.astype(np.int64) - low).max(initial=0)))

    def needed_after(self, tensor: str, position: int) -> int:
        """First row of `tensor` that is read after schedule position `position`."""
        if position + 1 >= len(self.needed):
            return NOTHING
        return int(self.needed[position + 1, self.names.index(tensor)])


def trace_rows(graph: Graph, schedule: list[Step], skip_reader: int | None = None) -> RowTrace:
    """Replay `schedule`; `skip_reader` leaves out what that operator reads."""
    names = [n for n, t in graph.tensors.items() if t.data is None]
    column = {n: i for i, n in enumerate(names)}
    shape = (len(schedule), len(names))
    needed, complete = np.full(shape, NOTHING, np.int32), np.zeros(shape, np.int32)
    first = dict.fromkeys(graph.inputs, -1)
    last = {n: len(schedule) for n in graph.outputs}
    upcoming = np.full(len(names), NOTHING, np.int32)
    upcoming[[column[n] for n in graph.outputs]] = 0
    for position in range(len(schedule) - 1, -1, -1):
        index, step = schedule[position].op, schedule[position].step
        op = graph.ops[index]
        if index != skip_reader:
            for tensor, window in zip(op.activations(graph), op.windows(graph), strict=True):
                start = 0 if window is None else window.span(step, tensor.rows)[0]
                upcoming[column[tensor.name]] = min(upcoming[column[tensor.name]], start)
                last.setdefault(tensor.name, position)
        needed[position] = upcoming
        if step == 0:
            first[op.outputs[0]] = position
        last.setdefault(op.outputs[0], position)
    written = np.zeros(len(names), np.int32)
    for name in graph.inputs:
        written[column[name]] = graph.tensors[name].rows
    for position, item in enumerate(schedule):
        op = graph.ops[item.op]
        low, high = op.rows_written(graph, item.step)
        target = column[op.outputs[0]]
        written[target] = max(written[target], high)
        complete[position] = written
        # A row that nobody reads still needs a place while it is written.
        needed[position, target] = min(needed[position, target], low)
    for name in graph.inputs:
        last.setdefault(name, -1)
    return RowTrace(names, needed, complete, first, last)
