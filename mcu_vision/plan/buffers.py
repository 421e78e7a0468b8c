"""Ring buffers for all tensors of a schedule, sharing memory in place where rows allow."""

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Graph
from mcu_vision.plan.program import Buffer, Step
from mcu_vision.plan.row_rules import RowRule
from mcu_vision.plan.rows import RowTrace, trace_rows


def collect_buffers(graph: Graph, rules: list[RowRule], schedule: list[Step]) -> list[Buffer]:
    """Size every tensor's ring, every operator's state and scratch; none is placed yet."""
    trace = trace_rows(graph, rules, schedule)
    groups = _share_in_place(graph, rules, schedule, trace)
    return [_ring(graph, trace, tensors) for tensors in groups] + _working_buffers(graph, schedule)


def _ring(graph: Graph, trace: RowTrace, tensors: list[str]) -> Buffer:
    """The ring of tensors that share it. The image arrives as a whole frame."""
    tensor = graph.tensors[tensors[0]]
    is_input = tensor.name in graph.inputs
    capacity = tensor.rows if is_input else trace.capacity(tensors)
    low, high = trace.live_rows(tensors)
    op = graph.producer(tensor.name)
    if op is not None and op.accumulates:
        between = np.zeros(len(low), bool)
        between[trace.first[tensor.name] : trace.last[tensor.name] + 1] = True
        low, high = _whole(between, tensor.row_bytes)
    elif capacity < tensor.rows:
        low, high = _whole(low < high, capacity * tensor.row_bytes)
    else:
        low, high = low * tensor.row_bytes, high * tensor.row_bytes
    kind = "input" if is_input else "activation"
    return Buffer(tensor.name, kind, capacity, tensor.row_bytes, low, high, tensors)


def _whole(in_use: npt.NDArray[np.bool_], size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Extent of a block that is used from end to end or not at all."""
    return np.zeros(len(in_use), np.int64), in_use * np.int64(size)


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


def _working_buffers(graph: Graph, schedule: list[Step]) -> list[Buffer]:
    """Scratch, in use while its operator runs, and state, in use from its first step to its last."""
    order = np.array([item.op for item in schedule])
    buffers = []
    for index, op in enumerate(graph.ops):
        call = op.kernel(graph)
        runs = order == index
        between = np.maximum.accumulate(runs) & np.maximum.accumulate(runs[::-1])[::-1]
        for kind, size, in_use in (("scratch", call.scratch_bytes, runs), ("state", call.state_bytes, between)):
            if size:
                buffers.append(Buffer(f"{op.name}.{kind}", kind, 1, size, *_whole(in_use, size)))
    return buffers
