"""Where slots lie: offsets in the arenas of two memory regions."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import numpy as np
import numpy.typing as npt

from mcu_vision.plan.buffer import ALIGNMENT, Buffer, Occupancy, Place, aligned, live_bytes

_Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ArenaRegion:
    """Memory that the arena may use, in order of preference. dma: a peripheral can write there."""

    name: str
    size_bytes: int
    dma: bool


@dataclass(frozen=True)
class _Unit:
    """Slots that are placed together: pieces of memory, each at a fixed distance from the unit's offset.

    pieces: indices into the arrays of _Problem. slots: of the buffer, with their distances.
    """

    buffer: int
    pieces: range
    slots: tuple[tuple[int, int], ...]
    size_bytes: int
    steps_in_use: int
    first_step: int
    needs_dma: bool


@dataclass
class _Problem:
    """Units to place. distance, size: of each piece. rivals: for each unit pairs of pieces, its own and one that is in
    use at the same time."""

    units: list[_Unit]
    distance: _Integers
    size: _Integers
    rivals: list[tuple[_Integers, _Integers]]
    regions: list[ArenaRegion]


@dataclass(frozen=True)
class _Placement:
    """A region and an offset for each unit, found by placing them in `order`."""

    order: list[int]
    places: dict[int, Place]
    extent: dict[str, int]

    @property
    def total(self) -> int:
        """Bytes of all regions."""
        return sum(self.extent.values())


_ORDERS: tuple[Callable[[_Unit], tuple[int, ...]], ...] = (
    lambda u: (-u.size_bytes, u.first_step),
    lambda u: (-u.size_bytes * u.steps_in_use, u.first_step),
    lambda u: (-u.steps_in_use, -u.size_bytes),
    lambda u: (-u.steps_in_use.bit_length(), -u.size_bytes, u.first_step),
    lambda u: (u.first_step, -u.size_bytes),
)


def place_buffers(
    buffers: list[Buffer], regions: list[ArenaRegion], improvements: int = 0, restarts: int = 1
) -> dict[str, int] | None:
    """Set the places of all slots; return the extent of each region's arena, or None if they do not fit.

    Several greedy orders are tried, each placing a unit (a slot, or all slots of a contiguous buffer) at the
    lowest free offset of the first region that holds it; the smallest total extent wins, and then that order
    with up to `improvements` small changes, tried `restarts` times with other changes. The image comes first,
    so that others follow into its rows as they are used up.
    """
    problem = _pose(buffers, regions)
    indices = range(len(problem.units))
    placements: list[_Placement] = []
    for key in _ORDERS:
        order = sorted(indices, key=lambda i, key=key: (not problem.units[i].needs_dma, *key(problem.units[i])))  # type: ignore[misc]
        placement = _place(problem, order)
        if placement:
            placements.append(placement)
    if not placements:
        return None
    greedy = min(placements, key=lambda p: p.total)
    bound = int(live_bytes(buffers).max())
    climbed = (_climb(problem, greedy, Random(seed), improvements, bound) for seed in range(restarts))
    best = min(climbed, key=lambda p: p.total)
    for buffer in buffers:
        buffer.places = [Place("", -1)] * buffer.capacity
    for index, place in best.places.items():
        unit = problem.units[index]
        for slot, distance in unit.slots:
            buffers[unit.buffer].places[slot] = Place(place.region, place.offset + distance)
    return best.extent


def _climb(problem: _Problem, best: _Placement, random: Random, improvements: int, bound: int) -> _Placement:
    """`best` after up to `improvements` small changes that take no more bytes; `bound` is the least there can be."""
    for _ in range(improvements):
        if best.total <= bound or len(problem.units) < 3:
            break
        best = _place(problem, _change(problem, best, random), best.total) or best
    return best


def _change(problem: _Problem, best: _Placement, random: Random) -> list[int]:
    """The order with a unit moved forward: mostly one of those that reach the top of their region."""
    order = list(best.order)
    if random.random() < 0.5:
        ends = {i: p.offset + problem.units[i].size_bytes for i, p in best.places.items()}
        tops = [i for i in order if ends[i] == best.extent[best.places[i].region]]
        chosen = order.index(random.choice(tops))
    else:
        chosen = random.randrange(len(order))
    unit = order.pop(chosen)
    order.insert(random.randrange(chosen + 1), unit)
    return order


def _pose(buffers: list[Buffer], regions: list[ArenaRegion]) -> _Problem:
    units: list[_Unit] = []
    distances: list[int] = []
    sizes: list[int] = []
    occupancies = []
    for index, buffer in enumerate(buffers):
        single = [range(slot, slot + 1) for slot in range(buffer.capacity)]
        for slots in [range(buffer.capacity)] if buffer.contiguous else single:
            first = len(sizes)
            for start, stop in _runs(buffer, slots):
                distances.append((start - slots[0]) * buffer.slot_bytes)
                sizes.append((stop - start) * buffer.slot_bytes)
                occupancies.append(buffer.in_use[start])
            in_use = buffer.in_use[slots.start : slots.stop].any(0)
            units.append(
                _Unit(
                    index,
                    range(first, len(sizes)),
                    tuple((slot, (slot - slots[0]) * buffer.slot_bytes) for slot in slots),
                    aligned(len(slots) * buffer.slot_bytes),
                    int(in_use.sum()),
                    int(in_use.argmax()),
                    buffer.kind == "input",
                )
            )
    rivals = _rivals(units, occupancies)
    return _Problem(units, np.array(distances, np.int64), np.array(sizes, np.int64), rivals, regions)


def _rivals(units: list[_Unit], occupancies: list[Occupancy]) -> list[tuple[_Integers, _Integers]]:
    """See _Problem; occupancies: of each piece."""
    edges: list[tuple[int, int, int]] = []
    for piece, in_use in enumerate(occupancies):
        changes = np.flatnonzero(np.diff(in_use, prepend=False, append=False)).tolist()
        edges += [(step, i % 2 == 0, piece) for i, step in enumerate(changes)]
    together: list[set[int]] = [set() for _ in occupancies]
    active: set[int] = set()
    for _, begins, piece in sorted(edges):  # what ends at a step goes before what begins there
        if begins:
            together[piece] |= active
            active.add(piece)
        else:
            active.discard(piece)
    for piece, others in enumerate(together):
        for other in others:
            together[other].add(piece)
    found = []
    for unit in units:
        pairs = [(piece, other) for piece in unit.pieces for other in sorted(together[piece])]
        own, others = np.array(pairs, np.int64).reshape(-1, 2).T
        found.append((own, others))  # others of the same unit are never placed when it is
    return found


def _runs(buffer: Buffer, slots: range) -> list[tuple[int, int]]:
    """Stretches of slots that are in use at the same steps."""
    starts = [s for s in slots if s == slots[0] or (buffer.in_use[s] != buffer.in_use[s - 1]).any()]
    return list(zip(starts, [*starts[1:], slots.stop], strict=True))


def _place(problem: _Problem, order: list[int], limit: int | None = None) -> _Placement | None:
    """Place units in `order`; None if they do not fit, or need more than `limit` bytes together."""
    places: dict[int, Place] = {}
    extent = {region.name: 0 for region in problem.regions}
    placed = {region.name: np.zeros(len(problem.size), bool) for region in problem.regions}
    offsets = np.zeros(len(problem.size), np.int64)
    for index in order:
        unit = problem.units[index]
        for region in problem.regions:
            if unit.needs_dma and not region.dma:
                continue
            offset = _lowest_offset(problem, index, placed[region.name], offsets)
            if offset + unit.size_bytes <= region.size_bytes:
                break
        else:
            return None
        places[index] = Place(region.name, offset)
        extent[region.name] = max(extent[region.name], offset + unit.size_bytes)
        if limit is not None and sum(extent.values()) > limit:
            return None
        pieces = slice(unit.pieces.start, unit.pieces.stop)
        placed[region.name][pieces] = True
        offsets[pieces] = offset + problem.distance[pieces]
    return _Placement(order, places, extent)


def _lowest_offset(problem: _Problem, unit: int, placed: npt.NDArray[np.bool_], offsets: _Integers) -> int:
    """The lowest offset at which no piece of a unit touches one of `placed` that is in use at the same time."""
    own, others = problem.rivals[unit]
    there = placed[others]
    own, others = own[there], others[there]
    start = offsets[others] - problem.distance[own]
    low, high = start - problem.size[own], start + problem.size[others]
    if not len(low):
        return 0
    order = low.argsort()
    low, high = low[order], np.maximum.accumulate(np.maximum(high[order], 0))
    if low[0] >= 0:
        return 0
    # Behind the others up to here, and before the next; the last has none behind it.
    free = (high[:-1] + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT <= low[1:]
    gap = int(free.argmax()) if free.any() else len(high) - 1
    return aligned(int(high[gap]))
