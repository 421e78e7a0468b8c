"""An analysis as one HTML file that needs no other."""

from mcu_vision.analyze import Advice, Layer, Structure
from mcu_vision.boards import Board
from mcu_vision.plan import Program
from mcu_vision.report.memory_picture import draw_memory
from mcu_vision.report.page import render_frame
from mcu_vision.report.svg import to_svg

TOPICS = {
    "G1": "unequal channels",
    "G2": "groups",
    "G3": "fragments",
    "G4": "element-wise operators",
    "RAM": "memory",
}


def analysis_report(
    program: Program,
    board: Board,
    layers: list[Layer],
    structure: Structure,
    advice: list[Advice],
    problem: str | None,
) -> str:
    """HTML of what makes a model heavy. problem: why it does not fit the board, None if it does."""
    cards = [
        (f"{structure.parameters:,}", "parameters"),
        (f"{structure.macs / 1e6:.1f} M", "multiply-accumulates"),
        (f"{structure.access_bytes / 1e6:.2f} MB", "memory access, each value of each layer once"),
        (f"{structure.arena_bytes:,} B", "arena as planned by default"),
        (f"{1000 * structure.cycles / board.clock_hz:,.0f} ms", "estimated, no wait states"),
        (f"{structure.fragmentation:.2f}", "operators for each on the longest path"),
        (f"{100 * structure.element_wise_cycles:.1f} %", "of the time in element-wise operators"),
    ]
    return render_frame(
        "analysis_report.html.j2",
        program.graph.name,
        f"analysis for {board.title}",
        cards,
        layers=layers,
        structure=structure,
        advice=[(item, TOPICS[item.topic]) for item in advice],
        problem=problem,
        largest_share=max(layer.share for layer in layers),
        memory=to_svg(draw_memory(program, board.ram_budget_bytes)),
    )
