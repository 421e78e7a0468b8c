"""mcu-vision profile"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mcu_vision.cli import options
from mcu_vision.cli.photos import load_photo
from mcu_vision.cli.pipeline import take_build
from mcu_vision.cli.profiling import profile_inference
from mcu_vision.files import atomic_write
from mcu_vision.report import InferenceProfile, draw_profile, profile_report, to_png


def profile(
    photo: Annotated[Path | None, typer.Option("--image", help="A photo; without one the shipped sample.")] = None,
    model: options.Model = options.DEFAULT_MODEL,
    board: options.BoardName = options.DEFAULT_BOARD,
    toolchain: options.Toolchain = "auto",
    build_dir: options.BuildDir = options.DEFAULT_BUILD_DIR,
    blocks: Annotated[int, typer.Option(min=0, help="How many of the hottest basic blocks to list.")] = 12,
    html: Annotated[Path | None, typer.Option(help="Write a report that needs no other file.")] = None,
    png: Annotated[Path | None, typer.Option(help="Write a picture: bars of operators and basic blocks.")] = None,
    as_json: options.Json = False,
) -> None:
    """Show where the time of one inference goes, operator by operator and block by block, in the embedded emulator.

    Instructions are exact, cycles estimates; waits is the share of them spent on flash wait states. flash, RAM:
    kilobytes of data read and written. --html and --json also have instructions by class.

    Example: mcu-vision profile --model face-m4 --image photo.jpg --html profile.html
    """
    options.check_choice(toolchain, options.TOOLCHAINS, "--toolchain")
    image = load_photo(photo)
    with options.progress_console().status("building") as status:
        result = take_build(model, board, toolchain, build_dir)
        status.update("profiling")
        outcome = profile_inference(result, image, blocks)
        subtitle = f"{result.board.title}, built with {result.summary['toolchain']}"
        if html is not None:
            atomic_write(html, profile_report(result.graph.name, subtitle, outcome, result.board.clock_hz))
        if png is not None:
            atomic_write(png, to_png(draw_profile(result.graph.name, outcome)))
    if as_json:
        options.print_json(_to_json(outcome, result.board.clock_hz))
    else:
        _print(outcome, result.board.clock_hz)


def _to_json(outcome: InferenceProfile, clock_hz: int) -> dict[str, Any]:
    rows = [asdict(row) | {"instructions_per_mac": row.instructions_per_mac} for row in outcome.rows]
    whole = {
        "instructions": outcome.instructions,
        "cycles_0ws_estimated": outcome.cycles,
        "cycles_estimated": outcome.cycles_flash,
        "time_ms_estimated": round(1000 * outcome.cycles_flash / clock_hz, 3),
        "macs": outcome.macs,
    }
    blocks, constants = ([asdict(row) for row in rows] for rows in (outcome.blocks, outcome.constants))
    return whole | {"operators": rows, "blocks": blocks, "constants": constants}


def _print(outcome: InferenceProfile, clock_hz: int) -> None:
    console = Console(highlight=False)
    console.print(_operator_table(outcome))
    if outcome.blocks:
        console.print(_block_table(outcome))
    console.print(
        f"{outcome.instructions:,} instructions (exact), {outcome.cycles_flash:,} cycles (estimated; "
        f"{outcome.cycles:,} without flash wait states): {1000 * outcome.cycles_flash / clock_hz:,.0f} ms "
        f"at {clock_hz / 1e6:.0f} MHz; {outcome.data_waits:,} wait for constants in flash"
    )


def _operator_table(outcome: InferenceProfile) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("operator", overflow="fold")
    for column in ("M instr", "/MAC", "M cycles", "waits", "share", "flash K", "RAM K"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in outcome.rows:
        per_mac = row.instructions_per_mac
        table.add_row(
            escape(row.name),
            f"{row.instructions / 1e6:.2f}",
            "" if per_mac is None else f"{per_mac:.2f}",
            f"{row.cycles_flash / 1e6:.2f}",
            f"{100 * (1 - row.cycles / max(1, row.cycles_flash)):.0f} %",
            f"{100 * row.share:.1f} %",
            *(f"{count / 1024:,.0f}" for count in row.traffic_bytes()),
        )
    return table


def _block_table(outcome: InferenceProfile) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column in ("basic block", "of operator"):
        table.add_column(column, overflow="fold")
    for column in ("times", "k cycles", "share"):
        table.add_column(column, justify="right", no_wrap=True)
    for block in outcome.blocks:
        table.add_row(
            escape(f"{block.function} {block.source}".strip()),
            escape(block.operator),
            f"{block.executions:,}",
            f"{block.cycles_flash / 1e3:,.1f}",
            f"{100 * block.share:.1f} %",
        )
    return table
