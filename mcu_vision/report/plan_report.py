"""A plan as one HTML file that needs no other."""

from collections.abc import Sequence

from mcu_vision.boards import Board
from mcu_vision.plan import Program
from mcu_vision.report.operators import operator_rows
from mcu_vision.report.page import render_page
from mcu_vision.report.pareto_picture import draw_pareto
from mcu_vision.report.svg import to_svg


def plan_report(program: Program, board: Board, budget_bytes: int, plans: Sequence[Program] = ()) -> str:
    """HTML of a plan. budget_bytes: what the arenas may take; plans: the best compromises, if they were asked for."""
    cycles = program.cycles_estimated
    share = program.lower_bound_bytes / program.total_bytes
    cards = [
        (f"{program.total_bytes:,} B", f"arena, of {budget_bytes:,}"),
        (f"{program.lower_bound_bytes:,} B", f"lower bound: {100 * share:.0f} % of the arena"),
        (f"{program.graph.macs() / 1e6:.1f} M", "multiply-accumulates"),
        (f"{cycles / 1e6:.1f} M", "cycles, no wait states (estimated)"),
        (f"{1000 * cycles / board.clock_hz:,.0f} ms", f"at {board.clock_hz / 1e6:.0f} MHz (estimated)"),
    ]
    pareto = to_svg(draw_pareto(program.graph.name, plans, budget_bytes)) if plans else ""
    return render_page(
        "plan_report.html.j2",
        program,
        f"plan for {board.title}: {program.schedule_kind}",
        cards,
        operator_rows(program),
        budget_bytes,
        pareto=pareto,
        plans=plans,
        cycles_note="Cycles are the planner's estimates, without wait states; a build measures them in the emulator.",
    )
