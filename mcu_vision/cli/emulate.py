"""mcu-vision emulate"""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from mcu_vision.cli import options
from mcu_vision.cli.emulators import chosen_emulator
from mcu_vision.cli.pipeline import Build, take_build
from mcu_vision.emulate.renode_board import RenodeBoard
from mcu_vision.emulate.unicorn_board import UnicornBoard

KEEP_ALIVE_S = 2.0


def emulate(
    pty: Annotated[
        Path | None, typer.Option(help="A link to the pseudo-terminal, made at start, removed at the end.")
    ] = None,
    model: options.Model = options.DEFAULT_MODEL,
    board: options.BoardName = options.DEFAULT_BOARD,
    toolchain: options.Toolchain = "auto",
    build_dir: options.BuildDir = options.DEFAULT_BUILD_DIR,
    emulator: options.Emulator = options.DEFAULT_EMULATOR,
    as_json: options.Json = False,
) -> None:
    """Run the firmware on the emulated board, its console as a serial port, until Ctrl-C.

    Serial programs open the port as they would the board's: MLPerf Tiny commands, each ended by "%". Firmware built
    with --console mlperf is emulated for that suite's runner, which gives up after 5 s of silence: while a longer
    inference runs, empty lines are sent, which it ignores.

    Example: mcu-vision emulate --pty /tmp/dut
    """
    options.check_choice(toolchain, options.TOOLCHAINS, "--toolchain")
    with options.progress_console().status("building"):
        build = take_build(model, board, toolchain, build_dir)
    if chosen_emulator(emulator) == "renode":
        _serve_renode(build, pty or Path(tempfile.gettempdir()) / f"mcu-vision-{os.getpid()}", as_json)
        return
    keep_alive_s = KEEP_ALIVE_S if build.console.kind == "mlperf" else None
    with UnicornBoard(build.elf, build.board) as emulated, emulated.attach_pty(pty, keep_alive_s) as bridge:
        emulated.boot()
        _announce(build, bridge.path, as_json)
        with _until_interrupted():
            bridge.serve()


def _serve_renode(build: Build, pty: Path, as_json: bool) -> None:
    with RenodeBoard(build.elf, build.board, pty) as emulated:
        emulated.start()
        _announce(build, pty, as_json)
        with _until_interrupted():
            while emulated.running:
                time.sleep(0.2)
            raise emulated.ended()


def _announce(build: Build, path: Path, as_json: bool) -> None:
    if as_json:
        options.print_json({"model": build.graph.name, "board": build.board.name, "pty": str(path)})
    else:
        typer.echo(f"{build.graph.name} on {build.board.name}: console at {path}, Ctrl-C ends")


@contextmanager
def _until_interrupted() -> Iterator[None]:
    """Ctrl-C ends the block, and so does the signal that scripts send, from whose background Ctrl-C is kept."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("ended", err=True)
    finally:
        signal.signal(signal.SIGTERM, before)
