"""Where buffers lie: offsets in the arenas of two memory regions."""

from collections.abc import Callable
from dataclasses import dataclass

from mcu_vision.plan.program import Buffer


@dataclass(frozen=True)
class ArenaRegion:
    """Memory that the arena may use, in order of preference. dma: a peripheral can write there."""

    name: str
    size_bytes: int
    dma: bool


_ORDERS: tuple[Callable[[Buffer], tuple[int, ...]], ...] = (
    lambda b: (-b.size_bytes, b.first_step),
    lambda b: (-b.size_bytes * (b.last_step - b.first_step + 1), b.first_step),
    lambda b: (b.first_step, -b.size_bytes),
    lambda b: (b.first_step - b.last_step, -b.size_bytes),
)


def place_buffers(buffers: list[Buffer], regions: list[ArenaRegion]) -> dict[str, int] | None:
    """Set region and arena_offset of every buffer; return the extent of each region's arena.

    Several greedy orders are tried, each placing a buffer at the lowest free offset of the first region
    that holds it; the order with the smallest total extent wins. None if no order fits.
    """
    best: tuple[int, dict[str, int], list[tuple[str, int]]] | None = None
    for order in _ORDERS:
        extent = _place_in_order(sorted(buffers, key=order), regions)
        if extent is not None and (best is None or sum(extent.values()) < best[0]):
            places = [(b.region, b.arena_offset) for b in buffers]
            best = (sum(extent.values()), extent, places)
    if best is None:
        return None
    for buffer, (region, offset) in zip(buffers, best[2], strict=True):
        buffer.region, buffer.arena_offset = region, offset
    return best[1]


def _place_in_order(buffers: list[Buffer], regions: list[ArenaRegion]) -> dict[str, int] | None:
    placed: list[Buffer] = []
    extent = {region.name: 0 for region in regions}
    for buffer in buffers:
        for region in regions:
            if buffer.kind == "input" and not region.dma:
                continue
            offset = _lowest_offset(buffer, [p for p in placed if p.region == region.name])
            if offset + buffer.size_bytes <= region.size_bytes:
                buffer.region, buffer.arena_offset = region.name, offset
                extent[region.name] = max(extent[region.name], offset + buffer.size_bytes)
                placed.append(buffer)
                break
        else:
            return None
    return extent


def _lowest_offset(buffer: Buffer, placed: list[Buffer]) -> int:
    offset = 0
    for other in sorted(placed, key=lambda b: b.arena_offset):
        if not buffer.overlaps_in_time(other):
            continue
        if offset + buffer.size_bytes <= other.arena_offset:
            break
        offset = max(offset, other.arena_offset + other.size_bytes)
    return offset
