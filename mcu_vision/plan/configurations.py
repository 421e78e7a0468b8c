"""What the search looks at: which blocks of a graph run as one operator, and what of it is computed twice."""

from mcu_vision.ir import Graph
from mcu_vision.plan.op_facts import FactsOfOps
from mcu_vision.plan.recompute import search_recomputing
from mcu_vision.plan.rewrite.carry_sums import carry_sums
from mcu_vision.plan.rewrite.expand_into_depthwise import expand_into_depthwise
from mcu_vision.plan.rewrite.fuse_blocks import find_blocks, fuse_all
from mcu_vision.plan.rewrite.gather_rows import LARGE_PIXELS, MEDIUM_PIXELS, SMALL_PIXELS, gather_rows
from mcu_vision.plan.rewrite.join_convolutions import join_convolutions
from mcu_vision.plan.rewrite.keep_products import keep_products
from mcu_vision.plan.rewrite.trunk_first import trunk_first
from mcu_vision.plan.rewrite.use_winograd import use_winograd
from mcu_vision.plan.search import Candidate, search_graph


def search_configurations(graph: Graph, limit_bytes: int, recompute: bool, budget_bytes: int) -> list[Candidate]:
    """All compromises found between memory and time, the fastest first; the last has the fewest live bytes.

    Before that come programs of strips that are slower than another of as few live bytes, but may be easier to place.
    Searched are the graph as it is, with rows made together in maps of three sizes, with these and 1x1 convolutions
    that run with the depthwise ones behind them, with every block fused,
    with that and sums in place of rows, and, with `recompute`, what `search_recomputing` says; all but the last also
    with convolutions by Winograd's method. Those without fused blocks are then also tried with the convolutions of one
    input joined, and with input products of RNNPool kept.
    budget_bytes: what the arenas may take; the fastest that needs less is looked for, too.
    """
    facts = FactsOfOps()
    found: list[Candidate] = []
    blocks, lean = find_blocks(graph), carry_sums(graph)
    graphs = [graph]
    for most_pixels in (SMALL_PIXELS, MEDIUM_PIXELS, LARGE_PIXELS):
        gathered = gather_rows(graphs[-1], most_pixels)
        graphs += [gathered] if gathered is not graphs[-1] else []
    plain = list(graphs)
    paired = expand_into_depthwise(graphs[-1])
    graphs += [paired] if paired is not graphs[-1] else []
    graphs += [fuse_all(graph, blocks)] if blocks else []
    graphs += [trunk_first(fuse_all(lean, blocks))] if lean is not graph else []
    for variant in graphs:
        found += search_graph(variant, limit_bytes, facts)
    strips: list[Candidate] = []
    if recompute:
        recomputing, strips = search_recomputing(lean, blocks, limit_bytes, budget_bytes, facts)
        found += recomputing + strips
    faster = use_winograd(graph)
    if faster is not graph:
        found += search_configurations(faster, limit_bytes, False, budget_bytes)
    else:
        joined = [(variant, keep_products(join_convolutions(variant))) for variant in plain]
        for variant, fastest in joined:
            found += search_graph(fastest, limit_bytes, facts) if fastest is not variant else []
    best: list[Candidate] = []
    for candidate in sorted(found, key=lambda c: (c.cycles, c.live_bytes)):
        if not best or candidate.live_bytes < best[-1].live_bytes:
            best.append(candidate)
    return [*best[:-1], *strips, *best[-1:]]
