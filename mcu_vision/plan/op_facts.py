"""What the search asks of an operator again and again, worked out once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Graph, Op
from mcu_vision.ops import InvertedBottleneck
from mcu_vision.ops.convolution import Convolution
from mcu_vision.plan.buffer import aligned
from mcu_vision.plan.cost import estimate_cycles
from mcu_vision.plan.row_rules import RowRule, in_memory, row_rule

NEVER = 1 << 50
TILE_PIXELS = (4, 8, 16, 24, 48)
"""Tiles that the search tries, besides a whole row and the one that an operator has."""
GROUP_TILES = (2, 4, 8, 16)
GROUPS = (8, 16, 64)
"""Tiles and groups of hidden channels that it tries for blocks that compute rows twice."""


@dataclass(frozen=True)
class Variants:
    """Variants of one operator, each slower and with less scratch than the one before."""

    ops: list[Op]
    scratch: npt.NDArray[np.int64]
    cycles: npt.NDArray[np.int64]


class OpFacts:
    """One operator of a graph. starts: for each input where each step, and what follows the last, begins to read.
    complete: rows of the output that are there, or begun, when so many steps are done."""

    def __init__(self, graph: Graph, op: Op, held: set[str]) -> None:
        self._graph, self.op = graph, op
        self.rule: RowRule = row_rule(graph, op, held)
        self.state_bytes = aligned(op.kernel(graph).state_bytes)
        self.in_place = op.in_place_inputs(graph)
        self.starts = [(name, _starts(spans)) for name, spans in self.rule.reads]
        written = [0, *(max(last, 1) for _, last in self.rule.writes)]
        self.complete = np.maximum.accumulate(np.array(written, np.int64))

    @cached_property
    def variants(self) -> Variants:
        """Those that are worth their scratch."""
        graph, ops = self._graph, [self.op, *_variants(self._graph, self.op)]
        rated = sorted(
            (estimate_cycles(graph, o), aligned(o.kernel(graph).scratch_bytes), i) for i, o in enumerate(ops)
        )
        best = [rated[0]]
        for item in rated[1:]:
            if item[1] < best[-1][1]:
                best.append(item)
        return Variants([ops[i] for _, _, i in best], np.array([b[1] for b in best]), np.array([b[0] for b in best]))

    @cached_property
    def lean(self) -> tuple[int, int]:
        """Scratch and cycles of a variant that needs about the least scratch."""
        op = self.op
        if _may_group(op):
            op = replace(op, tile_pixels=GROUP_TILES[0], group_channels=GROUPS[0])  # type: ignore[call-arg]
        elif hasattr(op, "tile_pixels"):
            op = replace(op, tile_pixels=TILE_PIXELS[0])  # type: ignore[call-arg]
        return aligned(op.kernel(self._graph).scratch_bytes), estimate_cycles(self._graph, op)


class FactsOfOps:
    """The facts of all operators seen, which graphs of one search share."""

    def __init__(self) -> None:
        self._known: dict[int, OpFacts] = {}

    def of_graph(self, graph: Graph) -> list[OpFacts]:
        """Facts of the graph's operators."""
        held = set(in_memory(graph))
        for op in graph.ops:
            if id(op) not in self._known:
                self._known[id(op)] = OpFacts(graph, op, held)  # keeps the operator, and so its id
        return [self._known[id(op)] for op in graph.ops]


def _starts(spans: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    starts = np.minimum.accumulate([first for first, _ in spans][::-1])[::-1]
    return (*starts.tolist(), NEVER)


def _variants(graph: Graph, op: Op) -> Iterator[Op]:
    own = getattr(op, "tile_pixels", None)
    if own is None or getattr(op, "step_rows", False):
        return
    width = op.step_pixels(graph) if isinstance(op, Convolution) else graph.tensors[op.outputs[0]].shape[2]
    for tile in sorted({*(tile for tile in TILE_PIXELS if tile < width), width} - {own}):
        yield replace(op, tile_pixels=tile)  # type: ignore[call-arg]
    if _may_group(op):
        for tile in GROUP_TILES:
            for group in GROUPS:
                if tile < 2 * width:
                    yield replace(op, tile_pixels=tile, group_channels=group)  # type: ignore[call-arg]


def _may_group(op: Op) -> bool:
    return isinstance(op, InvertedBottleneck) and op.recompute and {"expand", "project"} <= set(op.stages)
