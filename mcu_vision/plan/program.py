"""What the planner decides: which step runs when, and where every buffer lies."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Graph, Tensor
from mcu_vision.plan.blocks import Block, step_blocks
from mcu_vision.plan.buffer import Buffer, Place, live_bytes
from mcu_vision.plan.promoted import PromotedConstant


@dataclass(frozen=True)
class Step:
    """One call of an operator's kernel: the `step`-th of operator `op` (an index into graph.ops)."""

    op: int
    step: int


@dataclass
class Program:
    """A graph with a schedule and a place for every buffer.

    graph: as it runs; operators may be fused, and constant channels gone. arena_bytes: the extent of each
    region's arena. cuts: see `schedule_steps`. cycles_estimated: of one inference. lower_bound_bytes: no
    program of rows for this graph has a smaller arena. promoted: constants in RAM, beside the arenas.
    """

    graph: Graph
    schedule: list[Step]
    buffers: list[Buffer]
    arena_bytes: dict[str, int]
    cuts: tuple[int, ...]
    cycles_estimated: int
    lower_bound_bytes: int
    promoted: tuple[PromotedConstant, ...] = ()

    @property
    def promoted_bytes(self) -> dict[str, int]:
        """Bytes of constants in each region."""
        return {
            region: sum(constant.size_bytes for constant in self.promoted if constant.region == region)
            for region in self.arena_bytes
        }

    @property
    def total_bytes(self) -> int:
        """Bytes of all arenas, the input image included."""
        return sum(self.arena_bytes.values())

    @property
    def pulls_rows(self) -> bool:
        """True if the image comes row by row, and lies nowhere in RAM."""
        return all(buffer.kind != "input" for buffer in self.buffers)

    @property
    def schedule_kind(self) -> str:
        """In words: what streams and what is cut."""
        names = [op.name for op in self.graph.ops]
        if not self.cuts:
            return "stream"
        if len(self.cuts) == len(names) - 1:
            return "layers"
        return f"{len(self.cuts) + 1} streams, cut before {', '.join(names[cut] for cut in self.cuts)}"

    def buffer_of(self, tensor: str) -> Buffer:
        """The buffer that holds an activation."""
        return next(b for b in self.buffers if tensor in b.tensors)

    def state_of(self, op: str) -> Buffer | None:
        """The buffer of an operator's state between its steps, if it has one."""
        return next((b for b in self.buffers if b.kind == "state" and b.name == f"{op}.state"), None)

    def scratch_of(self, op: str) -> Buffer | None:
        """The buffer of an operator's scratch, if it has one."""
        return next((b for b in self.buffers if b.kind == "scratch" and b.name == f"{op}.scratch"), None)

    def row_address(self, tensor: Tensor, row: int) -> Place:
        """Region and offset in its arena of a row that is live."""
        return self.buffer_of(tensor.name).place(row)

    def blocks(self, position: int) -> list[Block]:
        """What the step at `position` of the schedule may touch; see `step_blocks`."""
        return step_blocks(self, position)

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
            "cycles_estimated": self.cycles_estimated,
            "lower_bound_bytes": self.lower_bound_bytes,
            "promoted": [asdict(constant) for constant in self.promoted],
            "buffers": [_buffer_json(b) for b in self.buffers],
            "operators": [op.name for op in self.graph.ops],
            "schedule": [step.op for step in self.schedule],
        }

    def __str__(self) -> str:
        lines = [f"program {self.graph.name}: {len(self.schedule)} steps, {self.total_bytes:,} bytes"]
        for b in self.buffers:
            places = " ".join(f"{place.region}+{place.offset}" for place in b.places)
            lines.append(f"  {b.name} ({b.kind}): {b.capacity} of {b.row_bytes:,} B at {places}")
        return "\n".join(lines)


def _buffer_json(buffer: Buffer) -> dict[str, object]:
    names = ["name", "kind", "tensors", "capacity", "row_bytes", "size_bytes", "first_step", "last_step", "places"]
    return {name: getattr(buffer, name) for name in names}
