"""Which bytes of the arenas each buffer occupies, and when: what a picture of memory draws."""

from dataclasses import dataclass, replace

import numpy as np

from mcu_vision.plan import Buffer, Program

WEIGHTS = "weights"


@dataclass(frozen=True)
class Band:
    """A rectangle: bytes [offset, offset + size) of a region's arena, at steps first_step to last_step.

    name, kind: of the buffer ("input", "activation", "state", "scratch"), which may consist of many bands, or
    "weights", beside the arena.
    """

    name: str
    kind: str
    region: str
    offset: int
    size: int
    first_step: int
    last_step: int


def bands(program: Program) -> list[Band]:
    """The bands of all buffers, those of one together; slots in line with equal times are one band. Last weights."""
    held = [band for buffer in program.buffers for band in _merge(_slot_bands(buffer))]
    last = len(program.schedule) - 1
    weights = [
        Band(WEIGHTS, WEIGHTS, region, program.arena_bytes[region], size, 0, last)
        for region, size in program.promoted_bytes.items()
        if size
    ]
    return held + weights


def _slot_bands(buffer: Buffer) -> list[Band]:
    found = []
    for place, in_use in zip(buffer.places, buffer.in_use, strict=True):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], in_use.astype(np.int8), [0]])))
        for first, end in edges.reshape(-1, 2).tolist():
            found.append(Band(buffer.name, buffer.kind, place.region, place.offset, buffer.slot_bytes, first, end - 1))
    return found


def _merge(found: list[Band]) -> list[Band]:
    merged: list[Band] = []
    for band in sorted(found, key=lambda b: (*_times(b), b.offset)):
        before = merged[-1] if merged else band
        if _times(before) == _times(band) and before.offset + before.size == band.offset:
            merged[-1] = replace(before, size=before.size + band.size)
        else:
            merged.append(band)
    return merged


def _times(band: Band) -> tuple[str, int, int]:
    return band.region, band.first_step, band.last_step
