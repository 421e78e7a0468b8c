"""mcu-vision validate"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console as Terminal
from rich.progress import Progress
from rich.table import Table

from mcu_vision.cli import options
from mcu_vision.cli.emulators import EMULATORS, chosen_emulator
from mcu_vision.cli.on_target import TargetFigures, validate_images
from mcu_vision.cli.pipeline import Build, take_build
from mcu_vision.cli.target_images import target_images
from mcu_vision.device.console import Console, SerialTransport
from mcu_vision.device.ports import serial_ports
from mcu_vision.device.validation import BoardSession, Expected
from mcu_vision.emulate.renode_board import RenodeBoard
from mcu_vision.emulate.unicorn_board import UnicornBoard
from mcu_vision.errors import UserError

_RENODE_TIMEOUT_S = 600.0  # of real time, for what is quick on a board


def validate(
    port: Annotated[str | None, typer.Option("--port", "-p", help="Serial port of the board's console.")] = None,
    emulator: Annotated[str | None, typer.Option(help="An emulated board instead: unicorn, renode or auto.")] = None,
    photos: Annotated[
        list[Path] | None, typer.Option("--photos", help="A photo or a folder of photos; by default the sample.")
    ] = None,
    labelled: Annotated[
        Path | None,
        typer.Option(help="A face data set, as train takes it, or a folder with a folder of photos for each class."),
    ] = None,
    images: Annotated[int, typer.Option("--images", "-n", min=1, help="The most images to send.")] = 20,
    baud: Annotated[int, typer.Option(min=1200, help="Bits a second of the console.")] = 115200,
    model: options.Model = options.DEFAULT_MODEL,
    board: options.BoardName = options.DEFAULT_BOARD,
    toolchain: options.Toolchain = "auto",
    build_dir: options.BuildDir = options.DEFAULT_BUILD_DIR,
    as_json: options.Json = False,
) -> None:
    """Send images to a board that runs the build, and hold what it answers against the integer reference.

    Reports agreement byte for byte, accuracy or average precision where labels are given, time of each operator by the
    core's cycle counter, and the stack's high-water mark. Exit code 1 if any byte differs.

    Example: mcu-vision validate --port /dev/ttyACM0 --photos images
    """
    options.check_choice(toolchain, options.TOOLCHAINS, "--toolchain")
    if (port is None) == (emulator is None):
        raise UserError(f"give one of --port and --emulator; {_ports()}")
    chosen = chosen_emulator(options.check_choice(emulator, EMULATORS, "--emulator")) if emulator else None
    terminal = options.progress_console()
    with terminal.status("building"):
        build = take_build(model, board, toolchain, build_dir)
    frames = target_images(build.graph, photos or [], labelled, images)
    with _console(build, port, baud, chosen) as console, Progress(console=terminal, transient=True) as progress:
        patience = {"timeout_s": _RENODE_TIMEOUT_S} if chosen == "renode" else {}
        session = BoardSession(console, _expected(build), lambda text: terminal.print(text, markup=False), **patience)
        session.connect()
        figures = validate_images(build, session, progress.track(frames, description="validating"))
    summary = {
        "model": build.graph.name,
        "board": build.board.name,
        "target": chosen or port,
        **figures.to_json(build.board.clock_hz),
    }
    if as_json:
        options.print_json(summary)
    else:
        _print(summary, figures, emulated=chosen is not None)
    if figures.equal < figures.images:
        raise typer.Exit(1)


def _ports() -> str:
    names = [f"{p.device}{' (ST-LINK console)' if p.st_link else ''}" for p in serial_ports() if p.usb]
    return f"ports: {', '.join(names)}" if names else "no USB serial port is connected"


def _expected(build: Build) -> Expected:
    program = build.program
    return Expected(
        model=build.graph.name,
        input_bytes=build.graph.input.size_bytes,
        outputs=len(build.graph.outputs),
        steps=len(program.schedule),
        pulls_rows=program.pulls_rows,
        loads_int8=build.console.loads_int8,
    )


@contextmanager
def _console(build: Build, port: str | None, baud: int, emulator: str | None) -> Iterator[Console]:
    if port is not None:
        with SerialTransport(port, baud) as transport:
            yield Console(transport)
    elif emulator == "renode":
        with RenodeBoard(build.elf, build.board) as renode:
            renode.boot()
            yield renode.console
    else:
        with UnicornBoard(build.elf, build.board) as embedded:
            embedded.boot()
            yield embedded.console


def _print(summary: dict[str, Any], figures: TargetFigures, emulated: bool) -> None:
    terminal = Terminal(soft_wrap=True, markup=False, highlight=False)
    terminal.print(f"{summary['model']} on {summary['board']} at {summary['target']}")
    terminal.print(f"agreement    {figures.equal} of {figures.images} images with equal bytes")
    for difference in figures.differences:
        terminal.print(f"             {difference}")
    for name, value in summary["accuracy"].items():
        terminal.print(f"{name:12s} {'nothing to judge' if value is None else f'{value:.3f}'}")
    source = "emulated cycles: an estimate" if emulated else "measured"
    terminal.print(f"time         {summary['time_ms']:,.1f} ms an image ({source})")
    terminal.print(f"stack        {figures.stack_bytes:,} bytes used at most")
    if figures.retries:
        terminal.print(f"retries      {figures.retries}")
    table = Table(title=f"time by operator ({source})", title_justify="left")
    for name in ("operator", "kind"):
        table.add_column(name)
    for name in ("cycles", "ms", "%"):
        table.add_column(name, justify="right")
    for row in summary["operators"]:
        table.add_row(row["name"], row["kind"], f"{row['cycles']:,}", f"{row['time_ms']:.2f}", f"{row['percent']:.1f}")
    terminal.print(table)
