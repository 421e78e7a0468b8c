"""mcu-vision build"""

from typing import Any

from rich.console import Console
from rich.table import Table

from mcu_vision.cli import options
from mcu_vision.cli.pipeline import build_model


def build(
    model: options.Model = options.DEFAULT_MODEL,
    board: options.BoardName = options.DEFAULT_BOARD,
    toolchain: options.Toolchain = "auto",
    build_dir: options.BuildDir = options.DEFAULT_BUILD_DIR,
    ram: options.Ram = None,
    optimize: options.Optimize = "balanced",
    recompute: options.Recompute = False,
    image: options.Input = "frame",
    schedule: options.Schedule = "auto",
    weights_in_flash: options.WeightsInFlash = False,
    console: options.ConsoleKind = "standard",
    model_id: options.ModelId = None,
    as_json: options.Json = False,
) -> None:
    """Build firmware: plan the RAM, generate C, compile, and measure one inference in the emulator.

    Example: mcu-vision build --board stm32f439 --ram 104K

    Example: mcu-vision build --model vww.tflite --console mlperf --model-id vww01
    """
    options.check_choice(toolchain, options.TOOLCHAINS, "--toolchain")
    planning = options.plan_options(schedule, ram, optimize, recompute, image, weights_in_flash)
    speaking = options.console_options(console, model_id)
    with options.progress_console().status(f"building {model} for {board} (the first time takes a minute)"):
        result = build_model(model, board, toolchain, build_dir, planning, speaking)
    if as_json:
        options.print_json(result.summary)
    else:
        print_summary(result.summary, result.board.clock_hz)


def print_summary(summary: dict[str, Any], clock_hz: int) -> None:
    """Print a build's figures as tables; lines that hold a path are never broken."""
    console = Console(highlight=False, markup=False)
    ram = summary["ram"]
    table = Table(title=f"{summary['model']} on {summary['board']} ({summary['toolchain']})", title_justify="left")
    table.add_column("RAM")
    table.add_column("bytes", justify="right")
    table.add_column("of", justify="right")
    for name, count in ram["items"].items():
        table.add_row(name, f"{count:,}", "")
    table.add_section()
    for name, region in ram["regions"].items():
        table.add_row(f"region {name}", f"{region['used_bytes']:,}", f"{region['size_bytes']:,}")
    table.add_section()
    table.add_row("peak", f"{ram['peak_bytes']:,}", f"{ram['budget_bytes']:,}")
    console.print(table)
    figures = (
        ("flash", summary["flash_bytes"], "bytes"),
        ("work", summary["macs"], "multiply-accumulates"),
        ("instructions", summary["instructions"], "(exact, emulated)"),
        ("cycles", summary["cycles_estimated"], "(estimated, flash wait states included)"),
        ("", summary["cycles_0ws_estimated"], "(estimated, without)"),
        ("time", round(summary["time_ms_estimated"]), f"ms at {clock_hz / 1e6:.0f} MHz (estimated)"),
    )
    for name, value, unit in figures:
        console.print(f"{name:12}   {value:>13,} {unit}")
    for name, key in (("firmware", "elf"), ("sources", "src_dir"), ("report", "report")):
        console.print(f"{name:12}   {summary[key]}", soft_wrap=True)
