"""From a quantised graph to a program that fits a board's memory."""

from mcu_vision.errors import UserError
from mcu_vision.ir import Graph
from mcu_vision.plan.arena import ArenaRegion, place_buffers
from mcu_vision.plan.buffers import collect_buffers
from mcu_vision.plan.program import Buffer, Program, Step
from mcu_vision.plan.schedule import MODES, schedule_steps


def plan_graph(graph: Graph, regions: list[ArenaRegion], budget_bytes: int, mode: str = "auto") -> Program:
    """Plan `graph` for `regions`, using at most `budget_bytes` of them together.

    mode: "stream", "layers", or "auto", which takes the smaller. Raises UserError if no plan fits;
    the message names the steps at the peak and the largest buffers there.
    """
    if not graph.quantized:
        raise UserError(f"model {graph.name} is not quantised: run `mcu-vision quantize` first")
    programs = []
    failures = []
    for name in MODES if mode == "auto" else (mode,):
        schedule = schedule_steps(graph, name)
        buffers = collect_buffers(graph, schedule)
        extent = place_buffers(buffers, regions)
        if extent is None or sum(extent.values()) > budget_bytes:
            failures.append((graph, schedule, buffers))
        else:
            programs.append(Program(graph, schedule, buffers, extent, name))
    if not programs:
        raise UserError(min((_explain(*f, budget_bytes) for f in failures), key=lambda e: e[0])[1])
    return min(programs, key=lambda p: p.total_bytes)


def _explain(graph: Graph, schedule: list[Step], buffers: list[Buffer], budget_bytes: int) -> tuple[int, str]:
    """Peak of the live bytes, and a line that says where it is and what would lower it."""
    live = [
        sum(b.size_bytes for b in buffers if b.first_step <= position <= b.last_step)
        for position in range(len(schedule))
    ]
    peak = max(live)
    position = live.index(peak)
    item = schedule[position]
    at = [b for b in buffers if b.first_step <= position <= b.last_step]
    largest = sorted(at, key=lambda b: -b.size_bytes)[:3]
    names = ", ".join(f"{b.name} ({b.capacity} rows, {b.size_bytes:,} B)" for b in largest)
    advice = (
        "a smaller input image"
        if largest[0].kind == "input"
        else f"fewer channels or an earlier stride at {largest[0].name}"
    )
    return peak, (
        f"{graph.name} needs {peak:,} B of RAM at step {position} ({graph.ops[item.op].name}, row {item.step}), "
        f"but {budget_bytes:,} B are free for its arena; largest there: {names}; {advice} would help"
    )
