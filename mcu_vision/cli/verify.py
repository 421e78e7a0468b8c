"""mcu-vision verify"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from mcu_vision.cli import options
from mcu_vision.cli.emulated import EmulatedModel
from mcu_vision.cli.emulators import chosen_emulator, open_model
from mcu_vision.cli.photos import find_photos, load_photo
from mcu_vision.cli.pipeline import Build, take_build
from mcu_vision.cli.running_model import RunningModel
from mcu_vision.data.letterbox import letterbox
from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Tensor
from mcu_vision.reference import quantize_input
from mcu_vision.toolchain import build_host_library
from mcu_vision.toolchain.host_model import HostModel
from mcu_vision.verify import (
    emulated_execution,
    host_execution,
    outputs_execution,
    reference_execution,
    verify_executions,
)
from mcu_vision.verify.executions import Execution


def verify(
    model: options.Model = options.DEFAULT_MODEL,
    board: options.BoardName = options.DEFAULT_BOARD,
    images: Annotated[int, typer.Option("--images", "-n", min=1, metavar="N", help="How many images to run.")] = 5,
    photos: Annotated[
        list[Path] | None,
        typer.Option(
            "--photos",
            metavar="<path>",
            help="A photo or a folder of photos to use first; noise and the sample fill up.",
        ),
    ] = None,
    toolchain: options.Toolchain = "auto",
    build_dir: options.BuildDir = options.DEFAULT_BUILD_DIR,
    guard: Annotated[
        bool, typer.Option(help="Check each access of the emulated inference to the arenas against the plan.")
    ] = True,
    seed: Annotated[int, typer.Option(help="Seed of the noise images.")] = 0,
    emulator: options.Emulator = options.DEFAULT_EMULATOR,
    through_uart: options.ThroughUart = False,
    as_json: options.Json = False,
) -> None:
    """Run images through integer reference, host C and emulated firmware; every tensor must have equal bytes.

    Each access of the emulated firmware to the arenas must be one that the plan gives to the running step.
    On Renode the outputs alone are compared, and accesses only where they leave the chip's memories.
    The build in BUILD_DIR is taken as it is if its inputs have not changed. Exit code 1 if anything differs.

    Example: mcu-vision verify --images 20
    """
    options.check_choice(toolchain, options.TOOLCHAINS, "--toolchain")
    console = options.progress_console()
    with console.status(f"building {model}"):
        result = take_build(model, board, toolchain, build_dir)
    program = result.program
    chosen = chosen_emulator(emulator)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_model(result, chosen, guard and chosen == "unicorn", through_uart) as emulated,
        Progress(console=console, transient=True) as progress,
    ):
        library = build_host_library(result.folder / "src", Path(folder) / "model.so")
        executions = {
            "reference": reference_execution(program),
            "host": host_execution(program, HostModel(library, result.prefix)),
            "emulated" if chosen == "unicorn" else chosen: _emulation(result, emulated),
        }
        frames = _images(program.graph.input, images, photos or [], seed)
        outcome = verify_executions(program.graph, executions, progress.track(frames, images, description="verifying"))
    if as_json:
        options.print_json(outcome.to_json())
    elif outcome.equal:
        names = ", ".join(outcome.executions)
        tensors = f"{len(program.graph.ops)} tensors each" + (", on Renode the outputs" if chosen == "renode" else "")
        Console().print(f"equal: {outcome.images} images, {tensors}, in {names}")
    else:
        Console().print(f"[red]different[/red]: {outcome.first_difference}")
    if not outcome.equal:
        raise typer.Exit(1)


def _emulation(build: Build, model: RunningModel) -> Execution:
    if isinstance(model, EmulatedModel):
        return emulated_execution(build.program, model.board, build.prefix)

    def infer(image: Array) -> tuple[bytes, ...]:
        model.write_image((image[0].astype(np.int16) + 128).astype(np.uint8))
        model.infer()
        return model.outputs()

    return outputs_execution(build.program, infer)


def _images(image: Tensor, count: int, photos: list[Path], seed: int) -> Iterator[Array]:
    """Photos, the shipped sample, then noise: `count` int8 images (1, H, W, C)."""
    _, height, width, channels = image.shape
    paths = [p for named in photos for p in find_photos(named)]
    if photos and not paths:
        raise UserError(f"no photos in {', '.join(map(str, photos))}: name image files or folders of them")
    random = np.random.default_rng(seed)
    for index in range(count):
        if index <= len(paths):
            photo = load_photo(paths[index] if index < len(paths) else None)
            yield quantize_input(letterbox(photo, width, height, channels)[0])
        else:
            yield random.integers(-128, 128, image.shape).astype(np.int8)
