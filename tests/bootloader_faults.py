"""Seeded faults on the line to the simulated bootloader."""

import random
from dataclasses import dataclass, field

from bootloader_simulator import SimulatedBootloader, UnpluggedError, VirtualPort

KINDS = ("lost", "duplicated", "flipped", "nack", "silence", "death", "unplugged")
"""silence ends by itself, death does not."""


@dataclass
class FaultyPort(VirtualPort):
    """`faults` maps the number of a byte, counted in both directions together, to what befalls it."""

    faults: dict[int, str] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.random = random.Random(self.seed)
        self.bytes_seen = 0
        self.struck: list[str] = []
        self._silent_until = 0.0
        self._gone = False

    def write(self, data: bytes) -> None:
        self._check()
        super().write(data)

    def read(self, count: int, timeout_s: float) -> bytes:
        self._check()
        return super().read(count, timeout_s)

    def to_device(self, byte: int) -> list[int]:
        return self._pass(byte)

    def to_host(self, byte: int) -> list[int]:
        return self._pass(byte)

    def _pass(self, byte: int) -> list[int]:
        self.bytes_seen += 1
        kind = self.faults.get(self.bytes_seen)
        if kind:
            self.struck.append(kind)
        if kind == "unplugged":
            self._gone = True
        elif kind == "death":
            self._silent_until = float("inf")
        elif kind == "silence":
            self._silent_until = self.now + self.random.uniform(0.05, 8)
        elif kind == "nack":
            self.device.nack_next = True
        if self._gone or self.now < self._silent_until or kind == "lost":
            return []
        if kind == "duplicated":
            return [byte, byte]
        return [byte ^ 1 << self.random.randrange(8)] if kind == "flipped" else [byte]

    def _check(self) -> None:
        if self._gone:
            raise UnpluggedError("the port vanished: reconnect")


def random_port(seed: int, device: SimulatedBootloader, traffic: int) -> FaultyPort:
    """A port with one to a few hundred faults within about the first `traffic` bytes."""
    chance = random.Random(seed)
    count = chance.choice((1, 1, 1, 2, 3, 5, 10, 40, 200))
    kinds = chance.choice((KINDS, KINDS[:5], KINDS[:3], (chance.choice(KINDS),)))
    faults = {chance.randrange(1, traffic): chance.choice(kinds) for _ in range(count)}
    return FaultyPort(device, can_reset=chance.random() < 0.3, faults=faults, seed=seed)
