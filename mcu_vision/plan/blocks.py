"""Which bytes of the arenas each step may touch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mcu_vision.plan.buffer import Buffer, Place

if TYPE_CHECKING:
    from mcu_vision.ir import Op, Tensor
    from mcu_vision.plan.program import Program


@dataclass(frozen=True)
class Block:
    """Bytes [offset, offset + size) of a region's arena that a step may read, and write if `writable`.

    owner: "TENSOR row N", or an operator's scratch or state. fresh: they hold nothing when the step begins, so
    that it must write what it reads. Sizes are those that the kernel was promised, not rounded up.
    """

    owner: str
    region: str
    offset: int
    size: int
    writable: bool
    fresh: bool

    def overlaps(self, other: Block) -> bool:
        """True if both have a byte in common."""
        return (
            self.region == other.region
            and self.offset < other.offset + other.size
            and other.offset < self.offset + self.size
        )


def step_blocks(program: Program, position: int) -> list[Block]:
    """All that the step at `position` of the schedule may touch: the rows of its windows, of those that a dilated
    window spans only every n-th; what it writes; state and scratch.
    """
    item = program.schedule[position]
    op = program.graph.ops[item.op]
    reads = _rows_read(program, op, item.step)
    output = program.graph.tensors[op.outputs[0]]
    rows = (0, 1) if op.accumulates else op.rows_written(program.graph, item.step)
    blocks = list(reads)
    for row in range(*rows):
        block = _row(program, output, row, writable=True)
        holds = (op.accumulates and item.step > 0) or any(map(block.overlaps, reads))
        blocks.append(replace(block, fresh=not holds))
    scratch, state = program.scratch_of(op.name), program.state_of(op.name)
    if scratch is not None:
        blocks.append(_working_memory(scratch, item.step, fresh=True))
    if state is not None:
        blocks.append(_working_memory(state, 0, fresh=item.step == 0))
    return blocks


def owner_at(program: Program, position: int, place: Place) -> str:
    """Whose byte is at `place` while the step at `position` runs: of the block that was written last; "" if none."""
    byte = Block("", place.region, place.offset, 1, writable=False, fresh=False)
    for earlier in range(position, -1, -1):
        for block in step_blocks(program, earlier):
            if block.writable and block.overlaps(byte):
                return block.owner
    images = [program.graph.tensors[b.tensors[0]] for b in program.buffers if b.kind == "input"]
    blocks = (_row(program, image, row, writable=True) for image in images for row in range(image.rows))
    return next((block.owner for block in blocks if block.overlaps(byte)), "")


def _rows_read(program: Program, op: Op, step: int) -> list[Block]:
    held = {name for buffer in program.buffers for name in buffer.tensors}
    copied = op.row_copied(program.graph, step)
    if copied is not None:
        return [_row(program, program.graph.tensors[op.outputs[0]], copied, writable=False)]
    blocks = []
    for tensor, window in zip(op.activations(program.graph), op.windows(program.graph), strict=True):
        if tensor.name in held:
            rows = range(tensor.rows) if window is None else window.rows(step, tensor.rows)
            blocks += [_row(program, tensor, row, writable=False) for row in rows]
    return blocks


def _row(program: Program, tensor: Tensor, row: int, writable: bool) -> Block:
    region, offset = program.row_address(tensor, row)
    return Block(f"{tensor.name} row {row}", region, offset, tensor.row_bytes, writable, fresh=writable)


def _working_memory(buffer: Buffer, step: int, fresh: bool) -> Block:
    region, offset = buffer.place(step)
    return Block(buffer.name, region, offset, buffer.row_bytes, writable=True, fresh=fresh)
