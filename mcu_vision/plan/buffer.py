"""A block of the arena in slots, each with its own place and times of use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

ALIGNMENT = 4
"""Every slot begins at a multiple of this, as kernels ask of scratch and state."""

Occupancy = npt.NDArray[np.bool_]


class Place(NamedTuple):
    """A memory region and an offset in its arena, in bytes."""

    region: str
    offset: int


@dataclass
class Buffer:
    """Rows of a ring (shared by `tensors`), an operator's state or its scratch.

    Row y is in slot y mod capacity, as is scratch of step y. in_use (capacity, steps): at which steps of the
    schedule a slot holds something; at the others its place may serve other buffers. contiguous: slots follow
    one another in memory without gaps. places: of each slot, once it is placed.
    """

    name: str
    kind: str
    row_bytes: int
    in_use: Occupancy = field(repr=False)
    contiguous: bool = False
    tensors: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    @property
    def capacity(self) -> int:
        """Slots: rows in memory at once."""
        return len(self.in_use)

    @property
    def slot_bytes(self) -> int:
        """Distance of slots that follow one another."""
        return self.row_bytes if self.contiguous else aligned(self.row_bytes)

    @property
    def size_bytes(self) -> int:
        """Bytes of all slots."""
        return aligned(self.capacity * self.slot_bytes)

    @property
    def first_step(self) -> int:
        """First step of the schedule at which it holds anything (0 if never)."""
        return int(self.in_use.any(0).argmax())

    @property
    def last_step(self) -> int:
        """Last step of the schedule at which it holds anything."""
        return int(np.flatnonzero(self.in_use.any(0)).max(initial=0))

    @property
    def regions(self) -> list[str]:
        """Regions in which it has slots."""
        return sorted({place.region for place in self.places})

    def place(self, row: int = 0) -> Place:
        """Where row `row` is while it is live."""
        return self.places[row % self.capacity]

    def live_bytes(self) -> npt.NDArray[np.int64]:
        """Bytes that hold something, at each step."""
        return np.asarray(self.in_use.sum(0) * self.slot_bytes, np.int64)


def aligned(size: int) -> int:
    """`size` rounded up to the alignment of slots."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def live_bytes(buffers: list[Buffer]) -> npt.NDArray[np.int64]:
    """Bytes in use at each step, all buffers together."""
    return np.asarray(np.sum([b.live_bytes() for b in buffers], axis=0), np.int64)
