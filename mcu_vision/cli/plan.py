"""mcu-vision plan"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mcu_vision.boards import load_board
from mcu_vision.cli import options
from mcu_vision.cli.pipeline import find_model, load_model
from mcu_vision.cli.planning import arena_budget, plan_for_board, plans_for_board
from mcu_vision.files import atomic_write
from mcu_vision.plan import Program
from mcu_vision.report import OperatorRow, count_plans, draw_memory, draw_pareto, operator_rows, plan_report, to_png


def plan(
    model: options.Model = options.DEFAULT_MODEL,
    board: options.BoardName = options.DEFAULT_BOARD,
    ram: options.Ram = None,
    optimize: options.Optimize = "balanced",
    recompute: options.Recompute = False,
    image: options.Input = "frame",
    schedule: options.Schedule = "auto",
    weights_in_flash: options.WeightsInFlash = False,
    pareto: Annotated[
        bool, typer.Option("--pareto", help="All best compromises between RAM and time, not one of them.")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Write a report that needs no other file.")] = None,
    png: Annotated[
        Path | None, typer.Option(help="Write a picture: of the arena over time, or of all plans with --pareto.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Show what runs when and where every buffer lies in the board's RAM, without building.

    Example: mcu-vision plan --model face-m4 --ram 104K --html plan.html
    """
    planning = options.plan_options(schedule, ram, optimize, recompute, image, weights_in_flash)
    target = load_board(board)
    graph = load_model(find_model(model))
    with options.progress_console().status(f"planning {graph.name}"):
        plans = plans_for_board(graph, target, planning) if pareto else []
        program = plans[0] if plans else plan_for_board(graph, target, planning)
        budget = arena_budget(graph, target, planning)
        if html is not None:
            atomic_write(html, plan_report(program, target, budget, plans))
        if png is not None:
            atomic_write(
                png, to_png(draw_pareto(graph.name, plans, budget) if pareto else draw_memory(program, budget))
            )
    if as_json:
        options.print_json(_to_json(program, budget, plans))
    elif pareto:
        _print_plans(plans, budget)
    else:
        _print(program, operator_rows(program), budget)


def _to_json(program: Program, budget: int, plans: list[Program]) -> dict[str, object]:
    """The plan; with --pareto the one with the smallest arena, and the figures of all."""
    rows = [asdict(row) for row in operator_rows(program)]
    summary = program.to_json() | {"arena_budget_bytes": budget, "operators": rows}
    figures = ("total_bytes", "arena_bytes", "lower_bound_bytes", "cycles_estimated", "schedule_kind")
    return summary | ({"plans": [{name: getattr(p, name) for name in figures} for p in plans]} if plans else {})


def _print(program: Program, rows: list[OperatorRow], budget: int) -> None:
    console = Console(highlight=False)
    regions = ", ".join(f"{name} {extent:,}" for name, extent in program.arena_bytes.items())
    console.print(f"{escape(program.graph.name)}: {escape(program.schedule_kind)}, {len(program.schedule):,} steps")
    console.print(f"arena        {program.total_bytes:>13,} bytes of {budget:,} ({regions})")
    if program.promoted:
        sizes = program.promoted_bytes
        where = ", ".join(f"{name} {size:,}" for name, size in sizes.items() if size)
        saved = sum(constant.cycles_saved for constant in program.promoted)
        console.print(
            f"weights      {sum(sizes.values()):>13,} bytes in RAM ({where}): {saved:,} fewer waits for flash"
        )
    console.print(f"lower bound  {program.lower_bound_bytes:>13,} bytes")
    console.print(f"cycles       {program.cycles_estimated:>13,} (estimated, without wait states)")
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("operator", overflow="fold")
    for column in ("output", "M MACs", "rows", "bytes", "+ working", "region", "M cycles", "share"):
        table.add_column(column, justify="left" if column in ("output", "region") else "right", no_wrap=True)
    for row in rows:
        table.add_row(
            escape(row.name),
            "x".join(map(str, row.shape)),
            f"{row.macs / 1e6:.2f}",
            f"{row.rows_kept}/{row.rows}",
            f"{row.ring_bytes:,}",
            f"{row.working_bytes:,}",
            "+".join(row.regions),
            f"{row.cycles / 1e6:.2f}",
            f"{100 * row.share:.1f} %",
        )
    console.print(table)
    console.print("rows: kept of all, and their bytes; working: state and scratch; cycles: estimated")


def _print_plans(plans: list[Program], budget: int) -> None:
    console = Console(highlight=False)
    console.print(f"{count_plans(plans)} of {escape(plans[0].graph.name)} within {budget:,} bytes of arena")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("arena", "lower bound", "cycles (estimated)"):
        table.add_column(column, justify="right")
    table.add_column("streams", overflow="fold")
    for p in plans:
        figures = (p.total_bytes, p.lower_bound_bytes, p.cycles_estimated)
        table.add_row(*(f"{figure:,}" for figure in figures), escape(p.schedule_kind))
    console.print(table)
