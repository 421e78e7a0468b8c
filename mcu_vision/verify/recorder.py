"""Collects whole tensors from a running model, whose memory holds only the rows in use."""

from collections.abc import Callable

import numpy as np

from mcu_vision.ir import Array
from mcu_vision.plan.program import Program

ReadArena = Callable[[str, int, int], bytes]
"""(region, offset in its arena, bytes) -> contents."""


class TensorRecorder:
    """Copies each row of each tensor when the step that writes it has ended."""

    def __init__(self, program: Program, read: ReadArena) -> None:
        self._program = program
        self._read = read
        graph = program.graph
        self._rows: dict[str, list[bytes]] = {op.outputs[0]: [] for op in graph.ops}

    def after_step(self, position: int) -> None:
        """Copy what schedule position `position` has written."""
        item = self._program.schedule[position]
        graph = self._program.graph
        op = graph.ops[item.op]
        tensor = graph.tensors[op.outputs[0]]
        for row in range(*op.rows_written(graph, item.step)):
            region, offset = self._program.row_address(tensor, row)
            self._rows[tensor.name].append(self._read(region, offset, tensor.row_bytes))

    def tensors(self) -> dict[str, Array]:
        """All tensors that operators wrote, in the order of the graph."""
        graph = self._program.graph
        return {
            name: np.frombuffer(b"".join(rows), graph.tensors[name].dtype).reshape(graph.tensors[name].shape)
            for name, rows in self._rows.items()
        }
