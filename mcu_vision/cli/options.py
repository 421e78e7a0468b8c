"""Options that several verbs share, and how they print."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from mcu_vision.cli.sizes import parse_bytes
from mcu_vision.codegen import CONSOLES, ConsoleOptions
from mcu_vision.errors import UserError
from mcu_vision.plan import PlanOptions
from mcu_vision.plan.options import INPUTS, OPTIMIZE, SCHEDULES

PLANNING = "How to plan"

Model = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        help="A shipped model's name, the file of a saved quantised model, an int8 .tflite file, or a network's .toml.",
    ),
]
BoardName = Annotated[
    str, typer.Option("--board", "-b", help="A board's name, or the path of a board description (TOML).")
]
Toolchain = Annotated[
    str,
    typer.Option(help="Cross compiler: zig (from the ziglang wheel), gcc (arm-none-eabi-gcc), or auto: gcc if found."),
]
BuildDir = Annotated[Path, typer.Option("--build-dir", help="Where builds go: BUILD_DIR/<model>/.")]
Schedule = Annotated[
    str,
    typer.Option(
        help="Order of rows: stream (the graph as one pipeline), layers, or auto, which searches.",
        rich_help_panel=PLANNING,
    ),
]
Ram = Annotated[
    str | None,
    typer.Option(
        help="The most RAM that the firmware may use, image, variables and stack included: 96K or 98304.",
        rich_help_panel=PLANNING,
    ),
]
Optimize = Annotated[
    str,
    typer.Option(
        help="What to save within --ram: ram, time, or balanced: the least product of both.", rich_help_panel=PLANNING
    ),
]
Recompute = Annotated[
    bool,
    typer.Option("--recompute", help="Allow work to be done twice where that saves RAM.", rich_help_panel=PLANNING),
]
Input = Annotated[
    str,
    typer.Option(
        "--input",
        help="frame: the image is in RAM; rows: firmware pulls its rows one by one.",
        rich_help_panel=PLANNING,
    ),
]
WeightsInFlash = Annotated[
    bool,
    typer.Option(
        "--weights-in-flash",
        help="Leave all weights in flash, also those that would gain from spare RAM.",
        rich_help_panel=PLANNING,
    ),
]
ConsoleKind = Annotated[
    str,
    typer.Option(
        "--console", help="standard, or mlperf: as MLPerf Tiny's runner needs it; the image survives an inference."
    ),
]
ModelId = Annotated[
    str | None,
    typer.Option(help="What the console's profile% calls the model: vww01, ic01 or kws01 to MLPerf Tiny."),
]
Emulator = Annotated[
    str, typer.Option(help="unicorn (comes with the package), renode, or auto: renode if it is installed.")
]
ThroughUart = Annotated[
    bool, typer.Option("--through-uart", help="With Renode: send images through the emulated UART, byte by byte.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines instead of text.")]

TOOLCHAINS = ("auto", "zig", "gcc")
DEFAULT_MODEL = "face-m4"
DEFAULT_BOARD = "stm32f439"
DEFAULT_BUILD_DIR = Path("build")
DEFAULT_EMULATOR = "unicorn"


def plan_options(
    schedule: str, ram: str | None, optimize: str, recompute: bool, image: str, weights_in_flash: bool = False
) -> PlanOptions:
    """The planner's options from those of the command line. Raises UserError if one is unknown."""
    check_choice(schedule, SCHEDULES, "--schedule")
    check_choice(optimize, OPTIMIZE, "--optimize")
    check_choice(image, INPUTS, "--input")
    ram_bytes = None if ram is None else parse_bytes(ram, "--ram")
    return PlanOptions(schedule, optimize, ram_bytes, recompute, image, promote_weights=not weights_in_flash)


def console_options(kind: str, model_id: str | None) -> ConsoleOptions:
    """The console's options from those of the command line. Raises UserError."""
    check_choice(kind, CONSOLES, "--console")
    if kind == "mlperf" and model_id is None:
        raise UserError("--console mlperf needs --model-id, the benchmark's: vww01, ic01 or kws01")
    try:
        return ConsoleOptions(kind, model_id)
    except ValueError as error:
        raise UserError(f"--model-id {error}") from error


def progress_console() -> Console:
    """Progress and remarks go to standard error, results to standard output."""
    return Console(stderr=True)


def print_json(value: dict[str, Any]) -> None:
    """Print a result for machines."""
    typer.echo(json.dumps(value, indent=2))


def check_choice(value: str, choices: tuple[str, ...], option: str) -> str:
    """Return `value` if it is one of `choices`, else raise UserError."""
    if value not in choices:
        raise UserError(f"{option} must be one of {', '.join(choices)}, not {value!r}")
    return value
