from graphs import tiny_detector
from models import REGIONS

from mcu_vision.plan import PlanOptions, estimate_cycles, plan_graph
from mcu_vision.report import operator_rows


def test_rows_tell_what_the_plan_holds() -> None:
    program = plan_graph(tiny_detector(), REGIONS, 250 << 10, PlanOptions(schedule="layers"))
    for row, op in zip(operator_rows(program), program.graph.ops, strict=True):
        tensor = program.graph.tensors[op.outputs[0]]
        call = op.kernel(program.graph)
        assert (row.name, row.shape, row.macs) == (op.name, tensor.shape[1:], op.macs(program.graph))
        assert 1 <= row.rows_kept <= row.rows == tensor.rows
        assert row.ring_bytes >= row.rows_kept * tensor.row_bytes
        assert row.working_bytes >= call.scratch_bytes + call.state_bytes
        assert row.cycles == estimate_cycles(program.graph, op)
        assert set(row.regions) <= set(program.arena_bytes)


def test_measured_cycles_add_up_by_operator() -> None:
    program = plan_graph(tiny_detector(), REGIONS, 250 << 10)
    rows = operator_rows(program, list(range(len(program.schedule))))
    assert sum(row.cycles for row in rows) == sum(range(len(program.schedule)))
    last = program.graph.ops[program.schedule[-1].op].name
    assert next(row for row in rows if row.name == last).cycles >= len(program.schedule) - 1
    assert abs(sum(row.share for row in rows) - 1) < 1e-9
