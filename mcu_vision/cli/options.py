"""Options that several verbs share, and how they print."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from mcu_vision.errors import UserError

Model = Annotated[
    str,
    typer.Option("--model", "-m", help="A shipped model's name, or the file of a saved quantised model."),
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
    str, typer.Option(help="Row schedule: stream, layers, or auto, which takes the one with less RAM.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines instead of text.")]

TOOLCHAINS = ("auto", "zig", "gcc")
DEFAULT_MODEL = "face-m4"
DEFAULT_BOARD = "stm32f439"
DEFAULT_BUILD_DIR = Path("build")


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
