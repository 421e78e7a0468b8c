"""A build as one HTML file that needs no other."""

from typing import Any

from mcu_vision.plan import Program
from mcu_vision.report.operators import operator_rows
from mcu_vision.report.page import render_page


def build_report(program: Program, board: str, summary: dict[str, Any], cycles: list[int], budget_bytes: int) -> str:
    """HTML of a build: summary as `build --json` prints it; cycles of each step; what the arenas may take."""
    ram = summary["ram"]
    cards = [
        (f"{ram['peak_bytes']:,} B", f"RAM, everything counted, of {ram['budget_bytes']:,}"),
        (f"{summary['flash_bytes']:,} B", "flash"),
        (f"{summary['macs'] / 1e6:.1f} M", "multiply-accumulates"),
        (f"{summary['instructions'] / 1e6:.1f} M", "instructions (exact, emulated)"),
        (
            f"{summary['time_ms_estimated']:,.0f} ms",
            f"estimated: {summary['cycles_estimated'] / 1e6:.1f} M cycles, flash wait states included",
        ),
    ]
    return render_page(
        "build_report.html.j2",
        program,
        f"{board}, built with {summary['toolchain']}",
        cards,
        operator_rows(program, cycles),
        budget_bytes,
        ram=ram,
        pareto="",
        cycles_note="Cycles are the emulator's estimates, flash wait states included.",
    )
