"""From a quantised graph to a program that fits a board's memory."""

from typing import NamedTuple

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


class _Misfit(NamedTuple):
    """A schedule that does not fit, and the most bytes that it holds at once."""

    peak: int
    schedule: list[Step]
    buffers: list[Buffer]


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
    misfit: _Misfit | None = None
    rules = row_rules(graph)
    for candidate in _candidates(graph, mode):
        schedule = schedule_steps(graph, rules, candidate)
        buffers = collect_buffers(graph, rules, schedule)
        peak = int(live_bytes(buffers).max())
        if best is not None and peak >= best.total_bytes:
            continue
        extent = place_buffers(buffers, regions) if peak <= budget_bytes else None
        if extent is None:
            misfit = misfit if misfit and misfit.peak <= peak else _Misfit(peak, schedule, buffers)
        elif best is None or sum(extent.values()) < best.total_bytes:
            best = Program(graph, schedule, buffers, extent, candidate)
    if best is not None:
        best.arena_bytes = place_buffers(best.buffers, regions, IMPROVEMENTS) or best.arena_bytes
        if best.total_bytes <= budget_bytes:
            return best
    if misfit is None:
        assert best is not None
        misfit = _Misfit(int(best.live_bytes().max()), best.schedule, best.buffers)
    raise UserError(_explain(graph, misfit, regions, budget_bytes))


def _candidates(graph: Graph, mode: str) -> list[tuple[int, ...]]:
    layers = tuple(range(1, len(graph.ops)))
    if mode == "stream":
        return [()]
    if mode == "layers":
        return [layers]
    return [(), layers, *((cut,) for cut in layers)]


def _explain(graph: Graph, misfit: _Misfit, regions: list[ArenaRegion], budget_bytes: int) -> str:
    """A line that says where the peak is, what lies there, and what would lower it."""
    position = int(live_bytes(misfit.buffers).argmax())
    item = misfit.schedule[position]
    held = {b.name: int(b.live_bytes()[position]) for b in misfit.buffers}
    largest = sorted(misfit.buffers, key=lambda b: -held[b.name])[:3]
    names = ", ".join(f"{b.name} ({held[b.name]:,} B)" for b in largest)
    _, height, width, channels = graph.input.shape
    image_too_large = graph.input.size_bytes > max(r.size_bytes for r in regions if r.dma)
    advice = (
        f"an image smaller than {width} x {height} x {channels}"
        if image_too_large or largest[0].kind == "input"
        else f"fewer channels or an earlier stride at {largest[0].name}"
    )
    free = ", ".join(f"{r.name} {r.size_bytes:,}" for r in regions)
    return (
        f"{graph.name} needs {misfit.peak:,} B of RAM at step {position} ({graph.ops[item.op].name}, row {item.step}), "
        f"but {budget_bytes:,} B are free for its arena ({free}); largest there: {names}; {advice} would help"
    )
