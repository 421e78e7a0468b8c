"""An independent check of a program: replay it on memory whose bytes know which row they hold."""

from __future__ import annotations

import numpy as np

from mcu_vision.plan import Buffer, Program

FREE, CLOBBERED = 0, 1


def check_program(program: Program, capacity: dict[str, int]) -> None:
    """Assert that every row read was written before and not yet overwritten, and that all lies inside."""
    graph = program.graph
    memory = {region: np.full(size, FREE, np.int64) for region, size in capacity.items()}
    tags: dict[tuple[str, int], int] = {}

    def tag(tensor: str, row: int) -> int:
        return tags.setdefault((tensor, row), len(tags) + 2)

    def place(tensor: str, row: int) -> tuple[np.ndarray, slice]:
        value = graph.tensors[tensor]
        region, offset = program.row_address(value, row)
        assert offset >= 0
        assert offset + value.row_bytes <= capacity[region], f"{tensor} row {row} lies outside {region}"
        return memory[region], slice(offset, offset + value.row_bytes)

    def write(tensor: str, row: int) -> None:
        cells, where = place(tensor, row)
        cells[where] = tag(tensor, row)

    def working_memory(buffer: Buffer, step: int) -> np.ndarray:
        """What the kernel may use of scratch or state, without the rounding up of its place."""
        region, offset = buffer.place(step)
        assert 0 <= offset <= capacity[region] - buffer.row_bytes, f"{buffer.name} lies outside {region}"
        return memory[region][offset : offset + buffer.row_bytes]

    held = {name for buffer in program.buffers for name in buffer.tensors}
    for name in held.intersection(graph.inputs):
        for row in range(graph.tensors[name].rows):
            write(name, row)
    done = [0] * len(graph.ops)
    states: dict[int, int] = {}
    for item in program.schedule:
        op = graph.ops[item.op]
        assert item.step == done[item.op], "steps of an operator must follow one another"
        done[item.op] += 1
        scratch = program.scratch_of(op.name)
        if scratch is not None:
            working_memory(scratch, item.step)[:] = CLOBBERED
        copied = op.row_copied(graph, item.step)
        if copied is not None:
            cells, where = place(op.outputs[0], copied)
            assert (cells[where] == tag(op.outputs[0], copied)).all(), f"{op.name} copies row {copied}, which is gone"
        for tensor, window in zip(op.activations(graph), op.windows(graph), strict=True):
            if copied is not None:
                break
            if tensor.name not in held:
                continue
            rows = range(tensor.rows) if window is None else range(*window.span(item.step, tensor.rows))
            for row in rows:
                cells, where = place(tensor.name, row)
                assert (cells[where] == tag(tensor.name, row)).all(), (
                    f"{op.name} step {item.step} reads row {row} of {tensor.name}, which is not there"
                )
        state = program.state_of(op.name)
        if state is not None:
            cells = working_memory(state, 0)
            if item.step:
                assert (cells == -item.op - 1).all(), f"the state of {op.name} was overwritten"
            cells[:] = -item.op - 1
            states[item.op] = item.step
        output = graph.tensors[op.outputs[0]]
        if op.accumulates:
            cells, where = place(output.name, 0)
            if item.step:
                assert (cells[where] == tag(output.name, 0)).all(), f"the result of {op.name} was overwritten"
            write(output.name, 0)
        for row in range(*op.rows_written(graph, item.step)):
            write(output.name, row)
    assert done == [op.steps(graph) for op in graph.ops]
    for name in graph.kept:
        for row in range(graph.tensors[name].rows):
            cells, where = place(name, row)
            assert (cells[where] == tag(name, row)).all(), f"{name} row {row} did not survive"
