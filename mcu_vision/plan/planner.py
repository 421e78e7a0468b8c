"""From a quantised graph to a program that fits a board's memory."""

from mcu_vision.errors import UserError
from mcu_vision.ir import Graph
from mcu_vision.plan.arena import ArenaRegion, place_buffers
from mcu_vision.plan.buffers import collect_buffers
from mcu_vision.plan.program import Buffer, Program, Step, live_bytes
from mcu_vision.plan.row_rules import row_rules
from mcu_vision.plan.schedule import schedule_steps

IMPROVEMENTS = 400
"""Changes of the placing order that are tried on the chosen schedule."""
MODES = ("auto", "stream", "layers")


def plan_graph(graph: Graph, regions: list[ArenaRegion], budget_bytes: int, mode: str = "auto") -> Program:
    """Plan `graph` for `regions`, using at most `budget_bytes` of them together.

    mode: "stream" (whole graph), "layers" (one operator after the other), or "auto", which takes the smallest
    of these and of all schedules that stream two parts one after the other. Raises UserError if no plan
    fits; the message names the step at the peak and the largest buffers there.
    """
    if not graph.quantized:
        raise UserError(f"model {graph.name} is not quantised: run `mcu-vision quantize` first")
    if mode not in MODES:
        raise ValueError(f"schedule mode must be one of {MODES}: {mode}")
    best: Program | None = None
    failures = []
    rules = row_rules(graph)
    for candidate in _candidates(graph, mode):
        schedule = schedule_steps(graph, rules, candidate)
        buffers = collect_buffers(graph, rules, schedule)
        if best is not None and max(live_bytes(buffers)) >= best.total_bytes:
            continue
        extent = place_buffers(buffers, regions)
        if extent is None:
            failures.append((schedule, buffers))
        elif best is None or sum(extent.values()) < best.total_bytes:
            best = Program(graph, schedule, buffers, extent, candidate)
    if best is not None:
        best.arena_bytes = place_buffers(best.buffers, regions, IMPROVEMENTS) or best.arena_bytes
        if best.total_bytes <= budget_bytes:
            return best
        failures.append((best.schedule, best.buffers))
    raise UserError(min(_explain(graph, *failure, budget_bytes) for failure in failures)[1])


def _candidates(graph: Graph, mode: str) -> list[tuple[int, ...]]:
    layers = tuple(range(1, len(graph.ops)))
    if mode == "stream":
        return [()]
    if mode == "layers":
        return [layers]
    return [(), layers, *((cut,) for cut in layers)]


def _explain(graph: Graph, schedule: list[Step], buffers: list[Buffer], budget_bytes: int) -> tuple[int, str]:
    """Peak of the live bytes, and a line that says where it is and what would lower it."""
    live = live_bytes(buffers)
    position = int(live.argmax())
    peak = int(live[position])
    item = schedule[position]
    largest = sorted(buffers, key=lambda b: -int(b.live_bytes()[position]))[:3]
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
