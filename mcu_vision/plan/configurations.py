"""Which blocks of a graph run as one operator, and which of those compute rows twice."""

from collections.abc import Iterable

from mcu_vision.ir import Graph
from mcu_vision.plan.cost import estimate_cycles
from mcu_vision.plan.rewrite.fuse_blocks import FusibleBlock, find_blocks, fuse_block
from mcu_vision.plan.search import Candidate, search_graph

TILE_PIXELS = 24
"""Of fused operators, before the search chooses their tiles."""


def search_configurations(graph: Graph, limit_bytes: int, recompute: bool) -> list[Candidate]:
    """All compromises found between memory and time, the fastest first; the last has the fewest live bytes.

    Searched are the graph as it is, with every block fused, and, with `recompute`, with as few blocks as the
    least memory needs computing rows twice, found by trying one block after the other.
    """
    blocks = find_blocks(graph)
    found = search_graph(graph, limit_bytes)
    if blocks:
        found += search_graph(_fuse(graph, blocks, ()), limit_bytes)
    if blocks and recompute:
        found += _search_recomputing(graph, blocks, limit_bytes)
    best: list[Candidate] = []
    for candidate in sorted(found, key=lambda c: (c.cycles, c.live_bytes)):
        if not best or candidate.live_bytes < best[-1].live_bytes:
            best.append(candidate)
    return best


def _search_recomputing(graph: Graph, blocks: list[FusibleBlock], limit_bytes: int) -> list[Candidate]:
    """From all blocks computing rows twice, takes back those that this costs most and that need not."""
    twice = list(blocks)
    found = search_graph(_fuse(graph, blocks, twice), limit_bytes)
    if not found:
        return []
    least = found[-1].live_bytes
    for block in sorted(blocks, key=lambda block: -_price(graph, block)):
        rest = [b for b in twice if b is not block]
        trial = search_graph(_fuse(graph, blocks, rest), limit_bytes)
        found += trial
        if trial and trial[-1].live_bytes <= least:
            twice = rest
    return found


def _price(graph: Graph, block: FusibleBlock) -> int:
    """Cycles that computing rows of `block` twice costs."""
    once, twice = (fuse_block(graph, block, TILE_PIXELS, recompute) for recompute in (False, True))
    costs = [estimate_cycles(g, next(op for op in g.ops if op.name == block.ops[-1])) for g in (once, twice)]
    return costs[1] - costs[0]


def _fuse(graph: Graph, blocks: list[FusibleBlock], twice: Iterable[FusibleBlock]) -> Graph:
    recomputing = list(twice)
    for block in blocks:
        graph = fuse_block(graph, block, TILE_PIXELS, block in recomputing)
    return graph
