"""What the planner decides: which step runs when, and where every buffer lies."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from mcu_vision.ir import Graph, Tensor


@dataclass(frozen=True)
class Step:
    """One call of an operator's kernel: the `step`-th of operator `op` (an index into graph.ops)."""

    op: int
    step: int


@dataclass
class Buffer:
    """A block of the arena: a tensor's row ring, an operator's state, or the scratch all share.

    capacity: rows in the ring. first_step, last_step: schedule positions between which it is in use;
    -1 is before the first step (the image), the schedule's length after the last (outputs).
    """

    name: str
    kind: str
    capacity: int
    row_bytes: int
    first_step: int
    last_step: int
    region: str = ""
    arena_offset: int = -1
    tensors: list[str] = field(default_factory=list)

    @property
    def size_bytes(self) -> int:
        """Bytes of the ring, in whole words of 8 bytes."""
        return -(-self.capacity * self.row_bytes // 8) * 8

    def overlaps_in_time(self, other: Buffer) -> bool:
        """True if both are in use at some step."""
        return self.first_step <= other.last_step and other.first_step <= self.last_step


@dataclass
class Program:
    """A graph with a schedule and a place for every buffer.

    arena_bytes: the extent of each region's arena. tensor_buffer: the buffer that holds each activation.
    """

    graph: Graph
    schedule: list[Step]
    buffers: list[Buffer]
    arena_bytes: dict[str, int]
    mode: str

    @property
    def total_bytes(self) -> int:
        """Bytes of all arenas, the input image included."""
        return sum(self.arena_bytes.values())

    def buffer_of(self, tensor: str) -> Buffer:
        """The buffer that holds an activation."""
        return next(b for b in self.buffers if tensor in b.tensors)

    def state_of(self, op: str) -> Buffer | None:
        """The buffer of an operator's state between its steps, if it has one."""
        return next((b for b in self.buffers if b.kind == "state" and b.name == f"{op}.state"), None)

    @property
    def scratch(self) -> Buffer | None:
        """The scratch that all kernels share, if any needs it."""
        return next((b for b in self.buffers if b.kind == "scratch"), None)

    def row_address(self, tensor: Tensor, row: int) -> tuple[str, int]:
        """(region, offset in its arena) of a row that is live."""
        buffer = self.buffer_of(tensor.name)
        return buffer.region, buffer.arena_offset + (row % buffer.capacity) * tensor.row_bytes

    def live_bytes(self) -> list[int]:
        """Bytes in use at each step of the schedule."""
        return [
            sum(b.size_bytes for b in self.buffers if b.first_step <= step <= b.last_step)
            for step in range(len(self.schedule))
        ]

    def to_json(self) -> dict[str, object]:
        """The plan for machines; the schedule as operator indices in order."""
        return {
            "model": self.graph.name,
            "mode": self.mode,
            "arena_bytes": self.arena_bytes,
            "buffers": [asdict(b) | {"size_bytes": b.size_bytes} for b in self.buffers],
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
