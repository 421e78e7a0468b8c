"""Where buffers lie: offsets in the arenas of two memory regions."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from mcu_vision.plan.program import Buffer, live_bytes

_Conflicts = list[list[tuple[int, int]]]
"""conflicts[a][b]: offsets of b relative to a's, strictly between which they touch."""


@dataclass(frozen=True)
class ArenaRegion:
    """Memory that the arena may use, in order of preference. dma: a peripheral can write there."""

    name: str
    size_bytes: int
    dma: bool


@dataclass(frozen=True)
class _Placement:
    """A region and an offset for each buffer, found by placing them in `order`."""

    order: list[int]
    places: list[tuple[str, int]]
    extent: dict[str, int]

    @property
    def total(self) -> int:
        """Bytes of all regions."""
        return sum(self.extent.values())


_ORDERS: tuple[Callable[[Buffer], tuple[int, ...]], ...] = (
    lambda b: (-b.size_bytes, b.first_step),
    lambda b: (-b.size_bytes * int(b.in_use.sum()), b.first_step),
    lambda b: (b.first_step, -b.size_bytes),
    lambda b: (-int(b.in_use.sum()), -b.size_bytes),
)


def place_buffers(buffers: list[Buffer], regions: list[ArenaRegion], improvements: int = 0) -> dict[str, int] | None:
    """Set region and arena_offset of every buffer; return the extent of each region's arena.

    Several greedy orders are tried, each placing a buffer at the lowest free offset of the first region
    that holds it; the smallest total extent wins, and then that order with up to `improvements` small
    changes. None if nothing fits. The image comes first, so that others may follow into its rows as they
    are consumed.
    """
    conflicts = [[a.blocked_offsets(b) for b in buffers] for a in buffers]
    indices = range(len(buffers))
    orders = [sorted(indices, key=lambda i: (buffers[i].kind != "input", *order(buffers[i]))) for order in _ORDERS]
    placements = [p for p in (_place(order, buffers, regions, conflicts) for order in orders) if p]
    if not placements:
        return None
    best = min(placements, key=lambda p: p.total)
    random = Random(0)
    bound = max(live_bytes(buffers))
    for _ in range(improvements):
        if best.total <= bound or len(buffers) < 3:
            break
        moved = list(best.order)
        moved.insert(random.randrange(1, len(moved)), moved.pop(random.randrange(1, len(moved))))
        trial = _place(moved, buffers, regions, conflicts)
        if trial and trial.total <= best.total:
            best = trial
    for buffer, (region, offset) in zip(buffers, best.places, strict=True):
        buffer.region, buffer.arena_offset = region, offset
    return best.extent


def _place(
    order: list[int], buffers: list[Buffer], regions: list[ArenaRegion], conflicts: _Conflicts
) -> _Placement | None:
    places: dict[int, tuple[str, int]] = {}
    extent = {region.name: 0 for region in regions}
    for index in order:
        buffer = buffers[index]
        for region in regions:
            if buffer.kind == "input" and not region.dma:
                continue
            blocked = [
                (at + conflicts[other][index][0], at + conflicts[other][index][1])
                for other, (name, at) in places.items()
                if name == region.name
            ]
            offset = _lowest_offset(blocked)
            if offset + buffer.size_bytes <= region.size_bytes:
                places[index] = region.name, offset
                extent[region.name] = max(extent[region.name], offset + buffer.size_bytes)
                break
        else:
            return None
    return _Placement(order, [places[i] for i in range(len(buffers))], extent)


def _lowest_offset(blocked: list[tuple[int, int]]) -> int:
    """The lowest offset that is strictly inside none of the intervals."""
    offset = 0
    for low, high in sorted(blocked):
        if high > offset:
            if offset <= low:
                break
            offset = high
    return offset
