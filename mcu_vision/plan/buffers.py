"""Ring buffers for all tensors of a schedule, sharing memory in place where rows allow."""

import numpy as np

from mcu_vision.ir import Graph
from mcu_vision.plan.buffer import Buffer, Occupancy
from mcu_vision.plan.program import Step
from mcu_vision.plan.row_rules import RowRule
from mcu_vision.plan.rows import RowTrace, trace_rows


def collect_buffers(graph: Graph, rules: list[RowRule], schedule: list[Step], spread: int = 1) -> list[Buffer]:
    """Size every tensor's ring, every operator's state and scratch; none is placed yet.

    spread: how many times more slots a ring has than it needs, and scratch than one, as far as there are rows
    and steps. More slots leave more freedom where each lies, and need longer tables.
    """
    trace = trace_rows(graph, rules, schedule)
    groups = _share_in_place(graph, rules, schedule, trace)
    rings = [_ring(graph, trace, tensors, spread) for tensors in groups]
    return rings + _working_buffers(graph, schedule, spread)


def _ring(graph: Graph, trace: RowTrace, tensors: list[str], spread: int) -> Buffer:
    """The ring of tensors that share it. The image arrives as a whole frame."""
    tensor = graph.tensors[tensors[0]]
    is_input = tensor.name in graph.inputs
    whole = is_input or any(_must_be_whole(graph, name) for name in tensors)
    capacity = tensor.rows if whole else min(tensor.rows, spread * trace.capacity(tensors))
    in_use = np.zeros((capacity, len(trace.needed)), bool)
    for name in tensors:
        live = _live(graph, trace, name)
        for first in range(0, len(live), capacity):
            part = live[first : first + capacity]
            in_use[: len(part)] |= part
    kind = "input" if is_input else "activation"
    return Buffer(tensor.name, kind, tensor.row_bytes, in_use, whole, tensors)


def _must_be_whole(graph: Graph, name: str) -> bool:
    """True if the tensor's rows must follow one another: it is handed out, or an operator reads or writes it as one."""
    producer = graph.producer(name)
    if producer is not None and producer.rows_written(graph, 0)[1] > 1:
        return True
    return name in graph.outputs or any(
        tensor.name == name and window is None
        for op in graph.consumers(name)
        for tensor, window in zip(op.activations(graph), op.windows(graph), strict=True)
    )


def _live(graph: Graph, trace: RowTrace, name: str) -> Occupancy:
    """At which steps each row of a tensor holds something (rows, steps)."""
    rows = np.arange(graph.tensors[name].rows)[:, None]
    column = trace.column[name]
    live = np.asarray((rows >= trace.needed[:, column]) & (rows < trace.complete[:, column]))
    op = graph.producer(name)
    if op is not None and op.accumulates:
        live[:, trace.first[name] : trace.last[name] + 1] = True
    return live


def _share_in_place(graph: Graph, rules: list[RowRule], schedule: list[Step], trace: RowTrace) -> list[list[str]]:
    """Group tensors that may live in one ring: an operator writes each row over the row it has read."""
    groups = {name: [name] for name in trace.column}
    for index, op in enumerate(graph.ops):
        for name in op.in_place_inputs(graph):
            ours, theirs = groups[name], groups[op.outputs[0]]
            if ours is theirs or not _may_overwrite(graph, rules, schedule, index, name):
                continue
            if trace.capacity(ours + theirs) < trace.capacity(ours) + trace.capacity(theirs):
                merged = ours + theirs
                groups |= dict.fromkeys(merged, merged)
                break
    return list({id(group): group for group in groups.values()}.values())


def _may_overwrite(graph: Graph, rules: list[RowRule], schedule: list[Step], index: int, tensor: str) -> bool:
    """True if nobody reads a row of `tensor` once operator `index` has read it."""
    if tensor in graph.inputs or tensor in graph.outputs or graph.ops[index].inputs.count(tensor) > 1:
        return False
    overwritten = 0
    for item in schedule:
        if item.op == index:
            overwritten = item.step + 1
        elif any(name == tensor and spans[item.step][0] < overwritten for name, spans in rules[item.op].reads):
            return False
    return True


def _working_buffers(graph: Graph, schedule: list[Step], spread: int) -> list[Buffer]:
    """Scratch, in use while its operator runs, and state, in use from its first step to its last."""
    order = np.array([item.op for item in schedule])
    buffers = []
    for index, op in enumerate(graph.ops):
        call = op.kernel(graph)
        runs = order == index
        between = np.maximum.accumulate(runs) & np.maximum.accumulate(runs[::-1])[::-1]
        if call.scratch_bytes:
            slots = min(spread, op.steps(graph))
            turn = np.cumsum(runs) - 1
            in_use = runs & (turn % slots == np.arange(slots)[:, None])
            buffers.append(Buffer(f"{op.name}.scratch", "scratch", call.scratch_bytes, in_use))
        if call.state_bytes:
            buffers.append(Buffer(f"{op.name}.state", "state", call.state_bytes, between[None]))
    return buffers
