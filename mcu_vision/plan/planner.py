"""From a quantised graph to a program that fits a board's memory."""

from dataclasses import replace
from typing import NamedTuple

from mcu_vision.errors import UserError
from mcu_vision.ir import Graph
from mcu_vision.plan.arena import ArenaRegion, place_buffers
from mcu_vision.plan.buffer import Buffer, live_bytes
from mcu_vision.plan.buffers import collect_buffers
from mcu_vision.plan.configurations import search_configurations
from mcu_vision.plan.cost import estimate_cycles
from mcu_vision.plan.lower_bound import lower_bound_bytes
from mcu_vision.plan.options import PlanOptions
from mcu_vision.plan.program import Program, Step
from mcu_vision.plan.promote_weights import promote_weights
from mcu_vision.plan.rewrite.fuse_blocks import find_blocks, fuse_all
from mcu_vision.plan.rewrite.order_ops import order_ops
from mcu_vision.plan.rewrite.order_pool_units import order_pool_units
from mcu_vision.plan.rewrite.pull_rows import pull_rows
from mcu_vision.plan.rewrite.remove_dead_channels import remove_dead_channels
from mcu_vision.plan.row_rules import row_rules
from mcu_vision.plan.schedule import schedule_steps
from mcu_vision.plan.search import Candidate

SPREADS = (1, 1 << 16)
"""How many times more slots than rows at once rings may have: the tables in flash grow, the arena shrinks."""
NEARLY_SMALLEST = 1.005
"""Longer tables have to save more than this."""
MOST_IMPROVEMENTS = 200
IMPROVEMENTS = 80_000
"""Changes of the placing order that are tried on a program that may be chosen, times its slots."""
RESTARTS_FOR_RAM = 5
"""So often they are tried, other ones each time, where RAM is what counts."""
MOST_COMPROMISES = 16
"""Of more candidates than this only some are placed for the curve of all compromises."""
QUICK = 5
"""By so much less is a placing improved where only a quick answer is asked for."""
PLACED_FOR_RAM = 6
"""Of so many candidates with the fewest live bytes the one with the smallest arena is taken."""
IMPROVED = 2
"""Of those so many are placed better first."""


class _Packing(NamedTuple):
    """A candidate whose buffers are placed. extent: of each region's arena."""

    candidate: Candidate
    schedule: list[Step]
    buffers: list[Buffer]
    extent: dict[str, int]

    @property
    def total(self) -> int:
        """Bytes of all regions."""
        return sum(self.extent.values())


def plan_graph(
    graph: Graph,
    regions: list[ArenaRegion],
    budget_bytes: int,
    options: PlanOptions | None = None,
    wait_states: int = 0,
) -> Program:
    """Plan `graph` for `regions`, using at most `budget_bytes` of them together.

    wait_states: of the flash. Where it has some, and not RAM alone counts, constants that are read many times go to
    RAM that is left.
    Raises UserError if no plan fits; the message names the step at the peak and the largest buffers there.
    """
    options = options or PlanOptions()
    graph = prepare_graph(graph, options)
    if options.schedule != "auto":
        return _plan_fixed(graph, regions, budget_bytes, options)
    candidates = search_configurations(graph, budget_bytes, options.recompute, budget_bytes)
    if not candidates:  # what is needed at least makes a better message than that nothing fits
        candidates = search_configurations(graph, sum_of_maps(graph), options.recompute, budget_bytes)
    tried = PLACED_FOR_RAM if options.optimize == "ram" else 1
    packings: list[_Packing] = []
    for candidate in _prefer(candidates, options.optimize):
        packing = _pack(candidate, regions, budget_bytes)
        if packing and packing.total > budget_bytes:
            packing = _improve(packing, regions)
        packings += [packing] if packing and packing.total <= budget_bytes else []
        if len(packings) == tried:
            break
    if not packings:
        raise UserError(_explain(candidates[-1], regions, budget_bytes, options.recompute))
    packings.sort(key=lambda p: (p.total, p.candidate.cycles))
    restarts = RESTARTS_FOR_RAM if options.optimize == "ram" else 1
    improved = [_improve(packing, regions, restarts=restarts) for packing in packings[:IMPROVED]]
    program = _program(min(improved, key=lambda p: (p.total, p.candidate.cycles)))
    if options.optimize == "ram" or not options.promote_weights:
        return program
    return promote_weights(program, regions, budget_bytes, wait_states, balanced=options.optimize == "balanced")


def plan_pareto(graph: Graph, regions: list[ArenaRegion], budget_bytes: int, options: PlanOptions) -> list[Program]:
    """The best compromises between arena and cycles within `budget_bytes`, the smallest arena first."""
    candidates = search_configurations(prepare_graph(graph, options), budget_bytes, options.recompute, budget_bytes)
    chosen = candidates[:: max(1, -(-len(candidates) // MOST_COMPROMISES))] + candidates[-1:]
    packed = [p for p in (_pack(candidate, regions, budget_bytes) for candidate in chosen) if p]
    packed = [p for p in (_improve(p, regions, 2 * len(packed)) for p in packed) if p.total <= budget_bytes]
    packed.sort(key=lambda p: (p.total, p.candidate.cycles))
    best = [p for i, p in enumerate(packed) if all(p.candidate.cycles < q.candidate.cycles for q in packed[:i])]
    return [_program(packing) for packing in best]


def fits_streamed(
    graph: Graph, regions: list[ArenaRegion], budget_bytes: int, options: PlanOptions | None = None
) -> bool:
    """Whether the graph fits as one stream, its blocks fused or not: a quick answer for many graphs.

    Yes means that `plan_graph` finds a plan; after a no it still may, since it tries more programs.
    """
    plain = prepare_graph(graph, options or PlanOptions())
    for streamed in (plain, fuse_all(plain, find_blocks(plain))):
        packing = _pack(Candidate(streamed, (), 0, 0), regions, budget_bytes)
        if packing and packing.total > budget_bytes:
            packing = _improve(packing, regions, QUICK)
        if packing and packing.total <= budget_bytes:
            return True
    return False


def prepare_graph(graph: Graph, options: PlanOptions) -> Graph:
    """The graph that is planned: rewritten, but for what the search decides. Raises UserError for a float graph."""
    if not graph.quantized:
        raise UserError(f"model {graph.name} is not quantised: run `mcu-vision quantize` first")
    graph = order_ops(order_pool_units(remove_dead_channels(graph)))
    if options.preserve_input:
        graph = replace(graph, metadata=graph.metadata | {"preserve_input": True})
    return pull_rows(graph) if options.input == "rows" else graph


def sum_of_maps(graph: Graph) -> int:
    """More bytes than any program of `graph` needs."""
    calls = [op.kernel(graph) for op in graph.ops]
    maps = sum(tensor.size_bytes + 4 * tensor.rows for tensor in graph.tensors.values() if tensor.data is None)
    return maps + sum(call.scratch_bytes + call.state_bytes + 8 for call in calls)


def _prefer(candidates: list[Candidate], optimize: str) -> list[Candidate]:
    """Candidates (the fastest first) in the order in which to try them."""
    if optimize == "time":
        return candidates
    if optimize == "ram":
        return sorted(candidates, key=lambda c: (c.live_bytes, c.cycles))
    return sorted(candidates, key=lambda c: c.live_bytes * c.cycles)


def _plan_fixed(graph: Graph, regions: list[ArenaRegion], budget_bytes: int, options: PlanOptions) -> Program:
    """The whole graph as one stream, or one operator after the other, nothing else changed."""
    cuts = tuple(range(1, len(graph.ops))) if options.schedule == "layers" else ()
    cycles = sum(estimate_cycles(graph, op) for op in graph.ops)
    candidate = Candidate(graph, cuts, 0, cycles)
    packing = _pack(candidate, regions, budget_bytes)
    packing = packing and _improve(packing, regions)
    if packing is None or packing.total > budget_bytes:
        raise UserError(_explain(candidate, regions, budget_bytes, recompute=True))
    return _program(packing)


def _pack(candidate: Candidate, regions: list[ArenaRegion], budget_bytes: int) -> _Packing | None:
    """Place the buffers of `candidate`, with as few spare slots as do; None if they cannot fit."""
    rules = row_rules(candidate.graph)
    schedule = schedule_steps(candidate.graph, rules, candidate.cuts)
    packings = []
    for spread in SPREADS:
        buffers = collect_buffers(candidate.graph, rules, schedule, spread)
        if live_bytes(buffers).max() > budget_bytes:
            return None
        extent = place_buffers(buffers, regions)
        packings += [_Packing(candidate, schedule, buffers, extent)] if extent is not None else []
    smallest = min((p.total for p in packings), default=0)
    return next((p for p in packings if p.total <= smallest * NEARLY_SMALLEST), None)


def _improve(packing: _Packing, regions: list[ArenaRegion], programs: int = 1, restarts: int = 1) -> _Packing:
    """Place better; programs: how many share the time for it. restarts: how often that time is spent."""
    slots = sum(buffer.capacity for buffer in packing.buffers)
    improvements = min(MOST_IMPROVEMENTS, IMPROVEMENTS // (slots * programs))
    extent = place_buffers(packing.buffers, regions, improvements, restarts)
    assert extent is not None
    return packing._replace(extent=extent)


def _program(packing: _Packing) -> Program:
    candidate = packing.candidate
    return Program(
        candidate.graph,
        packing.schedule,
        packing.buffers,
        packing.extent,
        candidate.cuts,
        candidate.cycles,
        lower_bound_bytes(candidate.graph),
    )


def _explain(candidate: Candidate, regions: list[ArenaRegion], budget_bytes: int, recompute: bool) -> str:
    """A line that says where the peak is, what lies there, and what would lower it. recompute: nothing more of that."""
    graph = candidate.graph
    rules = row_rules(graph)
    schedule = schedule_steps(graph, rules, candidate.cuts)
    buffers = collect_buffers(graph, rules, schedule)
    live = live_bytes(buffers)
    position = int(live.argmax())
    item = schedule[position]
    held = {b.name: int(b.live_bytes()[position]) for b in buffers}
    largest = sorted(buffers, key=lambda b: -held[b.name])[:3]
    names = ", ".join(f"{b.name} ({held[b.name]:,} B)" for b in largest)
    _, height, width, channels = graph.input.shape
    image_bytes = sum(b.size_bytes for b in buffers if b.kind == "input")
    image_too_large = image_bytes > max(r.size_bytes for r in regions if r.dma)
    advice = (
        f"an image smaller than {width} x {height} x {channels}, or its rows one by one (--input rows),"
        if image_too_large or largest[0].kind == "input"
        else f"fewer channels or an earlier stride at {largest[0].name}"
    )
    if not recompute and any(b.kind == "state" for b in largest):
        advice = f"--recompute, or {advice}"
    free = ", ".join(f"{r.name} {r.size_bytes:,}" for r in regions)
    return (
        f"{graph.name} needs {live[position]:,} B of RAM at step {position} "
        f"({graph.ops[item.op].name}, row {item.step}), but {budget_bytes:,} B are free for its arena ({free}); "
        f"largest there: {names}; {advice} would help"
    )
