"""What the search looks at: which blocks of a graph run as one operator, and what of it is computed twice."""

from mcu_vision.ir import Graph
from mcu_vision.plan.op_facts import FactsOfOps
from mcu_vision.plan.recompute import search_recomputing
from mcu_vision.plan.rewrite.fuse_blocks import find_blocks, fuse_all
from mcu_vision.plan.rewrite.gather_rows import LARGE_PIXELS, SMALL_PIXELS, gather_rows
from mcu_vision.plan.rewrite.use_winograd import use_winograd
from mcu_vision.plan.search import Candidate, search_graph


def search_configurations(graph: Graph, limit_bytes: int, recompute: bool, budget_bytes: int) -> list[Candidate]:
    """All compromises found between memory and time, the fastest first; the last has the fewest live bytes.

    Before that come programs of strips that are slower than another of as few live bytes, but may be easier to place.
    Searched are the graph as it is, with rows made together in small maps and in large ones, with every block fused,
    and, with `recompute`, what `search_recomputing` says; the first three also with convolutions by Winograd's method.
    budget_bytes: what the arenas may take; the fastest that needs less is looked for, too.
    """
    blocks = find_blocks(graph)
    facts = FactsOfOps()
    found = search_graph(graph, limit_bytes, facts)
    gathered = graph
    for most_pixels in (SMALL_PIXELS, LARGE_PIXELS):
        before, gathered = gathered, gather_rows(gathered, most_pixels)
        if gathered is not before:
            found += search_graph(gathered, limit_bytes, facts)
    if blocks:
        found += search_graph(fuse_all(graph, blocks), limit_bytes, facts)
    strips: list[Candidate] = []
    if recompute:
        recomputing, strips = search_recomputing(graph, blocks, limit_bytes, budget_bytes, facts)
        found += recomputing + strips
    faster = use_winograd(graph)
    if faster is not graph:
        found += search_configurations(faster, limit_bytes, False, budget_bytes)
    best: list[Candidate] = []
    for candidate in sorted(found, key=lambda c: (c.cycles, c.live_bytes)):
        if not best or candidate.live_bytes < best[-1].live_bytes:
            best.append(candidate)
    return [*best[:-1], *strips, *best[-1:]]
