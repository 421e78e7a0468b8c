"""Bytes that code reads and writes in each memory, counted in compiled hooks (traffic.c)."""

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass

from mcu_vision.emulate.block_counter import BlockCounter, CounterState


@dataclass(frozen=True)
class Traffic:
    """Bytes of data accesses to one memory; instructions fetched are not among them."""

    read_bytes: int = 0
    written_bytes: int = 0


class TrafficState(ctypes.Structure):
    """traffic of traffic.c."""

    _fields_ = (
        ("state", ctypes.POINTER(CounterState)),
        ("read_bytes", ctypes.c_uint64),
        ("written_bytes", ctypes.c_uint64),
    )


class TrafficMeter:
    """The counts of several memories by name. `states`: what the hooks of each memory get."""

    def __init__(self, names: list[str], counter: BlockCounter) -> None:
        self.states = {name: TrafficState(ctypes.pointer(counter.state)) for name in names}

    def read(self) -> dict[str, tuple[int, int]]:
        """Bytes read and written since power-on."""
        return {name: (state.read_bytes, state.written_bytes) for name, state in self.states.items()}


def traffic_since(
    now: Mapping[str, tuple[int, int]], before: Mapping[str, tuple[int, int]], total: Mapping[str, Traffic]
) -> dict[str, Traffic]:
    """`total`, increased by what has passed between two readings of a meter."""
    return {
        name: Traffic(
            total.get(name, Traffic()).read_bytes + read - before[name][0],
            total.get(name, Traffic()).written_bytes + written - before[name][1],
        )
        for name, (read, written) in now.items()
    }
