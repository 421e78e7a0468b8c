"""The table of operators: what each computes, keeps in memory and takes of the time."""

from dataclasses import dataclass

from mcu_vision.plan import Program, estimate_cycles


@dataclass(frozen=True)
class OperatorRow:
    """One operator.

    shape: of the output. rows_kept: the most rows of its ring in memory at once; ring_bytes: theirs. Operators that
    share a ring, in place, each name the whole. working_bytes: state and scratch. regions: where all this lies.
    cycles: of one inference; share: of the whole.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    macs: int
    rows_kept: int
    rows: int
    ring_bytes: int
    working_bytes: int
    regions: tuple[str, ...]
    cycles: int
    share: float


def operator_rows(program: Program, step_cycles: list[int] | None = None) -> list[OperatorRow]:
    """One row an operator. step_cycles: as measured for each step of the schedule; without, the cost model's."""
    cycles = _measured(program, step_cycles) if step_cycles is not None else _estimated(program)
    total = max(1, sum(cycles))
    rows = []
    for op, spent in zip(program.graph.ops, cycles, strict=True):
        tensor = program.graph.tensors[op.outputs[0]]
        ring = program.buffer_of(tensor.name)
        working = [b for b in (program.state_of(op.name), program.scratch_of(op.name)) if b is not None]
        rows.append(
            OperatorRow(
                op.name,
                op.kind,
                tensor.shape[1:],
                op.macs(program.graph),
                int(ring.in_use.sum(0).max()),
                tensor.rows,
                int(ring.live_bytes().max()),
                sum(int(b.live_bytes().max()) for b in working),
                tuple(sorted({region for b in [ring, *working] for region in b.regions})),
                spent,
                spent / total,
            )
        )
    return rows


def _measured(program: Program, step_cycles: list[int]) -> list[int]:
    spent = [0] * len(program.graph.ops)
    for step, cycles in zip(program.schedule, step_cycles, strict=True):
        spent[step.op] += cycles
    return spent


def _estimated(program: Program) -> list[int]:
    return [estimate_cycles(program.graph, op) for op in program.graph.ops]
