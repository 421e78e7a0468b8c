"""Ring buffers for all tensors of a schedule, sharing memory in place where rows allow."""

from mcu_vision.ir import Graph
from mcu_vision.plan.program import Buffer, Step
from mcu_vision.plan.rows import RowTrace, trace_rows


def collect_buffers(graph: Graph, schedule: list[Step]) -> list[Buffer]:
    """Size every tensor's ring, every operator's state and the shared scratch; none is placed yet."""
    trace = trace_rows(graph, schedule)
    groups = _share_in_place(graph, schedule, trace)
    buffers = []
    for tensors in groups:
        kind = "input" if tensors[0] in graph.inputs else "activation"
        # The image arrives as a whole frame.
        capacity = graph.tensors[tensors[0]].rows if kind == "input" else trace.capacity(tensors)
        first, last = min(trace.first[t] for t in tensors), max(trace.last[t] for t in tensors)
        row_bytes = graph.tensors[tensors[0]].row_bytes
        buffers.append(Buffer(tensors[0], kind, capacity, row_bytes, first, last, tensors=tensors))
    return buffers + _working_buffers(graph, schedule)


def _share_in_place(graph: Graph, schedule: list[Step], trace: RowTrace) -> list[list[str]]:
    """Group tensors that may live in one ring: an operator writes each row over the row it has read."""
    groups = {name: [name] for name in trace.names}
    for index, op in enumerate(graph.ops):
        for name in op.in_place_inputs(graph):
            if (
                name in graph.inputs
                or name in graph.outputs
                or not _is_last_reader(graph, schedule, index, name)
            ):
                continue
            separate = trace.capacity(groups[name]) + trace.capacity(groups[op.outputs[0]])
            merged = groups[name] + groups[op.outputs[0]]
            if groups[name] is not groups[op.outputs[0]] and trace.capacity(merged) < separate:
                for member in merged:
                    groups[member] = merged
                break
    unique: list[list[str]] = []
    for group in groups.values():
        if not any(group is seen for seen in unique):
            unique.append(group)
    return unique


def _is_last_reader(graph: Graph, schedule: list[Step], index: int, tensor: str) -> bool:
    """True if no other operator reads a row of `tensor` once operator `index` has read it."""
    if graph.ops[index].inputs.count(tensor) > 1:
        return False
    others = trace_rows(graph, schedule, skip_reader=index)
    return all(
        others.needed_after(tensor, position) > item.step
        for position, item in enumerate(schedule)
        if item.op == index
    )


def _working_buffers(graph: Graph, schedule: list[Step]) -> list[Buffer]:
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for position, item in enumerate(schedule):
        first.setdefault(item.op, position)
        last[item.op] = position
    buffers, users = [], []
    scratch = 0
    for index, op in enumerate(graph.ops):
        call = op.kernel(graph)
        if call.state_bytes:
            buffers.append(
                Buffer(f"{op.name}.state", "state", 1, call.state_bytes, first[index], last[index])
            )
        if call.scratch_bytes:
            scratch = max(scratch, call.scratch_bytes)
            users.append(index)
    if users:
        span = (min(first[i] for i in users), max(last[i] for i in users))
        buffers.append(Buffer("scratch", "scratch", 1, scratch, *span))
    return buffers
