"""The search where work may be done twice: rows of blocks again for each step, columns again for each strip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, combinations, pairwise

from mcu_vision.ir import Graph, Op
from mcu_vision.ops import InvertedBottleneck, ReadRows
from mcu_vision.plan.buffer import aligned
from mcu_vision.plan.op_facts import NEVER, FactsOfOps
from mcu_vision.plan.rewrite.fuse_blocks import FusibleBlock, fuse_all
from mcu_vision.plan.rewrite.split_channels import split_channels
from mcu_vision.plan.rewrite.split_strips import cut_strip, split_strips, strip_ends
from mcu_vision.plan.search import Candidate, fastest_program, search_graph, search_table
from mcu_vision.plan.segments import Segment, SegmentTable, measure_segments
from mcu_vision.plan.streams import StreamMeter

CHANNEL_GROUPS = 8
"""Of a convolution whose map only a mean reads."""
TARGETS = (1.0, 0.96, 0.9)
"""Shares of the budget for which the fastest program is looked for: placement may need the rest."""
MOST_STRIPS = 12
STRIPS_TRIED = 6
"""Of all ways to cut strips so many with the fewest bytes, by a quick estimate, are searched in full."""


def search_recomputing(
    graph: Graph, blocks: list[FusibleBlock], limit_bytes: int, budget_bytes: int, facts: FactsOfOps
) -> tuple[list[Candidate], list[Candidate]]:
    """Programs in which blocks expand rows again instead of keeping them, and of those in strips the smallest.

    First all blocks do. Then, for the least memory and for the budget, those that this costs most are taken back
    one after the other where memory allows. Last, the first operators run in vertical strips of the image; the
    second list has the program of the fewest live bytes for each way to cut these.
    """
    graph = split_channels(fuse_all(graph, blocks, recompute=True), CHANNEL_GROUPS)
    table = measure_segments(graph, limit_bytes, facts)
    found = search_table(table, limit_bytes)
    if not found:
        return [], []
    for target in (found[-1].live_bytes, *(int(share * budget_bytes) for share in TARGETS)):
        start = fastest_program(table, target)
        if start is not None:
            found.append(_take_back(table, start, target, facts))
    least = min(candidate.live_bytes for candidate in found)
    strips = _search_strips(table, least, facts)
    return [*found, *chain.from_iterable(strips)], [candidates[-1] for candidates in strips if candidates]


def _take_back(table: SegmentTable, start: Candidate, target: int, facts: FactsOfOps) -> Candidate:
    """`start` with as few blocks as possible computing rows twice, within `target` live bytes, the cuts the same."""
    best = start
    segments = list(pairwise((0, *start.cuts, len(table.graph.ops))))
    twice = [op for op in table.graph.ops if isinstance(op, InvertedBottleneck) and op.recompute]
    for op in sorted(twice, key=lambda op: -_saving(table, op, facts)):
        trial = _replace_op(table, op, replace(op, recompute=False), segments, facts)
        candidate = fastest_program(trial, target)
        if candidate is not None and candidate.cycles < best.cycles:
            table, best = trial, candidate
    return best


def _saving(table: SegmentTable, op: InvertedBottleneck, facts: FactsOfOps) -> int:
    """Cycles that keeping rows of `op` saves."""
    ops = [replace(op, recompute=False) if o is op else o for o in table.graph.ops]
    index = table.graph.ops.index(op)
    kept = facts.of_graph(replace(table.graph, ops=ops))[index]
    return int(table.facts[index].variants.cycles[0] - kept.variants.cycles[0])


def _replace_op(table: SegmentTable, old: Op, new: Op, segments: list[Segment], facts: FactsOfOps) -> SegmentTable:
    """The table of the graph with another operator, for these segments alone."""
    index = table.graph.ops.index(old)
    graph = replace(table.graph, ops=[new if op is old else op for op in table.graph.ops])
    (changed,) = (segment for segment in segments if segment[0] <= index < segment[1])
    result = measure_segments(graph, NEVER, facts, [changed])
    for first, last in segments:
        if (first, last) != changed:
            result.held[first, last] = table.held[first, last]
    return result


@dataclass(frozen=True)
class _Cut:
    """Strips up to an operator, and about how much memory and time they and the rest take."""

    end: int
    bounds: tuple[int, ...]
    live_bytes: int
    cycles: int


def _search_strips(table: SegmentTable, unsplit_bytes: int, facts: FactsOfOps) -> list[list[Candidate]]:
    """Programs that need fewer bytes than without strips. Strips pay where the image's rows are asked for again."""
    if not isinstance(table.graph.ops[0], ReadRows):
        return []
    cuts = [cut for cut in _estimate_cuts(table, facts) if cut.live_bytes < unsplit_bytes]
    found: list[list[Candidate]] = []
    for cut in sorted(cuts, key=lambda cut: (cut.live_bytes, cut.cycles))[:STRIPS_TRIED]:
        split = split_strips(table.graph, cut.end, cut.bounds)
        if split is None:
            continue
        graph, starts = split
        strips = list(pairwise((0, *starts)))
        rest = [(first, last) for first, last in combinations(range(starts[-1], len(graph.ops) + 1), 2)]
        found.append(search_graph(graph, unsplit_bytes, facts, [*strips, *rest]))
    return found


def _estimate_cuts(table: SegmentTable, facts: FactsOfOps) -> Iterator[_Cut]:
    graph = table.graph
    given = {name: t for name, t in graph.tensors.items() if t.data is not None or name in graph.inputs}
    rest = _least_bytes(table)
    for end in strip_ends(graph):
        joined = graph.tensors[graph.ops[end].outputs[0]]
        width = joined.shape[2]
        after = sum(fact.lean[1] for fact in table.facts[end + 1 :])
        for count in range(2, min(width, MOST_STRIPS) + 1):
            bounds = tuple(width * i // count for i in range(count + 1))
            first = max(range(count), key=lambda i: (bounds[i + 1] - bounds[i], 0 < i < count - 1))
            strip = cut_strip(graph, end, (bounds[first], bounds[first + 1]), ".strip")
            if strip is None:
                return
            alone = replace(graph, ops=strip.ops, tensors=given | strip.tensors, outputs=(strip.output,))
            ready = facts.of_graph(alone)
            held = StreamMeter(alone, ready).run(0, len(ready))
            others = joined.size_bytes - strip.tensors[strip.output].size_bytes
            during = others + max(int(h) + fact.lean[0] for h, fact in zip(held, ready, strict=True))
            cycles = after + count * sum(fact.lean[1] for fact in ready)
            live = max(during, rest[end + 1] + 3 * aligned(joined.row_bytes))
            yield _Cut(end, bounds, live, cycles)


def _least_bytes(table: SegmentTable) -> list[int]:
    """The fewest live bytes in which the operators from each one on can run."""
    count = len(table.facts)
    scratch = [fact.lean[0] for fact in table.facts]
    least = [0] * (count + 1)
    for first in range(count - 1, -1, -1):
        least[first] = min(
            max(least[last], *(int(table.held[first, last, k]) + scratch[k] for k in range(first, last)))
            for last in range(first + 1, count + 1)
        )
    return least
