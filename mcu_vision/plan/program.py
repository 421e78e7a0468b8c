"""What the planner decides: which step runs when, and where every buffer lies."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Graph, Tensor


@dataclass(frozen=True)
class Step:
    """One call of an operator's kernel: the `step`-th of operator `op` (an index into graph.ops)."""

    op: int
    step: int


@dataclass
class Buffer:
    """A block of the arena: a tensor's row ring, an operator's state or its scratch.

    capacity: rows in the ring. low, high: at each step of the schedule, the bytes [low, high) of the block
    hold something; high is 0 when nothing does. A whole map fills up and is used up from its first row on,
    all others are in use from end to end.
    """

    name: str
    kind: str
    capacity: int
    row_bytes: int
    low: npt.NDArray[np.int64] = field(repr=False)
    high: npt.NDArray[np.int64] = field(repr=False)
    tensors: list[str] = field(default_factory=list)
    region: str = ""
    arena_offset: int = -1

    @property
    def size_bytes(self) -> int:
        """Bytes of the ring, in whole words of 8 bytes."""
        return -(-self.capacity * self.row_bytes // 8) * 8

    @property
    def in_use(self) -> npt.NDArray[np.bool_]:
        """At which steps it holds anything."""
        return self.high > self.low

    @property
    def first_step(self) -> int:
        """First step of the schedule at which it is in use (0 if never)."""
        return int(self.in_use.argmax())

    @property
    def last_step(self) -> int:
        """Last step of the schedule at which it is in use."""
        return len(self.high) - 1 - int(self.in_use[::-1].argmax())

    def live_bytes(self) -> npt.NDArray[np.int64]:
        """Bytes that hold something, at each step."""
        return np.asarray(np.maximum(self.high - self.low, 0), np.int64)

    def blocked_offsets(self, other: Buffer) -> tuple[int, int]:
        """Offsets of `other` relative to this buffer's, strictly between which the two would touch."""
        both = self.in_use & other.in_use
        if not both.any():
            return 0, 0
        below = int((self.low - other.high)[both].min())
        above = int((self.high - other.low)[both].max())
        return below // 8 * 8, -(-above // 8 * 8)


@dataclass
class Program:
    """A graph with a schedule and a place for every buffer.

    arena_bytes: the extent of each region's arena. cuts: see `schedule_steps`.
    """

    graph: Graph
    schedule: list[Step]
    buffers: list[Buffer]
    arena_bytes: dict[str, int]
    cuts: tuple[int, ...]

    @property
    def total_bytes(self) -> int:
        """Bytes of all arenas, the input image included."""
        return sum(self.arena_bytes.values())

    @property
    def schedule_kind(self) -> str:
        """In words: what streams and what is cut."""
        names = [op.name for op in self.graph.ops]
        if not self.cuts:
            return "stream"
        return "layers" if len(self.cuts) == len(names) - 1 else f"stream, cut before {names[self.cuts[0]]}"

    def buffer_of(self, tensor: str) -> Buffer:
        """The buffer that holds an activation."""
        return next(b for b in self.buffers if tensor in b.tensors)

    def state_of(self, op: str) -> Buffer | None:
        """The buffer of an operator's state between its steps, if it has one."""
        return next((b for b in self.buffers if b.kind == "state" and b.name == f"{op}.state"), None)

    def scratch_of(self, op: str) -> Buffer | None:
        """The buffer of an operator's scratch, if it has one."""
        return next((b for b in self.buffers if b.kind == "scratch" and b.name == f"{op}.scratch"), None)

    def row_address(self, tensor: Tensor, row: int) -> tuple[str, int]:
        """(region, offset in its arena) of a row that is live."""
        buffer = self.buffer_of(tensor.name)
        return buffer.region, buffer.arena_offset + (row % buffer.capacity) * tensor.row_bytes

    def live_bytes(self) -> npt.NDArray[np.int64]:
        """Bytes in use at each step of the schedule."""
        return live_bytes(self.buffers)

    def to_json(self) -> dict[str, object]:
        """The plan for machines; the schedule as operator indices in order."""
        return {
            "model": self.graph.name,
            "schedule_kind": self.schedule_kind,
            "cuts": self.cuts,
            "arena_bytes": self.arena_bytes,
            "buffers": [_buffer_json(b) for b in self.buffers],
            "operators": [op.name for op in self.graph.ops],
            "schedule": [step.op for step in self.schedule],
        }

    def __str__(self) -> str:
        lines = [f"program {self.graph.name}: {len(self.schedule)} steps, {self.total_bytes:,} bytes"]
        for b in sorted(self.buffers, key=lambda b: (b.region, b.arena_offset)):
            lines.append(
                f"  {b.region} +{b.arena_offset:6d} {b.size_bytes:6d} B  {b.name} ({b.kind}, {b.capacity} rows)"
            )
        return "\n".join(lines)


def live_bytes(buffers: list[Buffer]) -> npt.NDArray[np.int64]:
    """Bytes in use at each step, all buffers together."""
    return np.asarray(np.sum([b.live_bytes() for b in buffers], axis=0), np.int64)


def _buffer_json(buffer: Buffer) -> dict[str, object]:
    names = ["name", "kind", "tensors", "capacity", "row_bytes", "size_bytes"]
    names += ["region", "arena_offset", "first_step", "last_step"]
    return {name: getattr(buffer, name) for name in names}
