"""mcu-vision run"""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image
from rich.console import Console

from mcu_vision.cli import options
from mcu_vision.cli.emulators import EMULATORS, open_model
from mcu_vision.cli.photos import SAMPLE, load_photo
from mcu_vision.cli.pipeline import Build, take_build
from mcu_vision.cli.running_model import Measured
from mcu_vision.cli.scores import class_labels, other_outputs, print_scores
from mcu_vision.data.letterbox import letterbox
from mcu_vision.evaluate.detector import detect_boxes
from mcu_vision.evaluate.draw import draw_boxes
from mcu_vision.files import atomic_write, check_writable


def run(
    photo: Annotated[
        Path | None, typer.Argument(help="A photo, or a shipped one: astronaut (the default) or coffee.")
    ] = None,
    model: options.Model = options.DEFAULT_MODEL,
    board: options.BoardName = options.DEFAULT_BOARD,
    out: Annotated[
        Path | None, typer.Option(help="The annotated PNG; by default PHOTO.boxes.png next to the photo.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Names of a classifier's classes, one a line; by default those that the model brings.",
            metavar="<path>",
        ),
    ] = None,
    toolchain: options.Toolchain = "auto",
    build_dir: options.BuildDir = options.DEFAULT_BUILD_DIR,
    guard: Annotated[
        bool,
        typer.Option("--guard", help="Check each access to the arenas against the plan; takes four times as long."),
    ] = False,
    emulator: options.Emulator = options.DEFAULT_EMULATOR,
    through_uart: options.ThroughUart = False,
    metrics: Annotated[
        Path | None, typer.Option(help="With Renode: a file for its metrics, which Renode's own tools read.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Run a photo on the emulated board: the firmware of the last build, unmodified (built first if needed).

    Example: mcu-vision run photo.jpg

    Example: mcu-vision run coffee --model vww-rnnpool
    """
    options.check_choice(toolchain, options.TOOLCHAINS, "--toolchain")
    options.check_choice(emulator, EMULATORS, "--emulator")
    if metrics is not None:
        check_writable(metrics)
    image = load_photo(photo)
    with options.progress_console().status("building") as status:
        result = take_build(model, board, toolchain, build_dir)
        status.update("emulating")
        names = class_labels(result.graph, labels)
        summary = _infer(result, image, emulator, guard, through_uart, metrics)
        summary |= {} if "boxes" in summary else {"labels": names, "other_outputs": other_outputs(result.graph)}
    if "boxes" in summary:
        picture = out or (photo or Path.cwd() / SAMPLE.name).with_suffix(".boxes.png")
        boxes = np.array(summary["boxes"], np.float64).reshape(-1, 5)
        _save_picture(draw_boxes(image, boxes), picture)
        summary["picture"] = str(picture)
    if as_json:
        options.print_json(summary)
    else:
        _print(summary, photo, result.board.clock_hz)


def _infer(
    build: Build, image: Image.Image, emulator: str, guard: bool, through_uart: bool, metrics: Path | None
) -> dict[str, Any]:
    _, height, width, channels = build.graph.input.shape
    with open_model(build, emulator, guard, through_uart, metrics) as emulated:
        inference: Measured | None = None

        def detect(frame: np.ndarray) -> np.ndarray:
            nonlocal inference
            emulated.write_image(frame)
            inference = emulated.infer()
            return emulated.boxes()

        if build.graph.metadata.get("task") == "detect":
            boxes = detect_boxes(detect, image, width, height, channels)
            summary: dict[str, Any] = {"boxes": [[round(v, 3) for v in b] for b in boxes.tolist()]}
        else:
            emulated.write_image(letterbox(image, width, height, channels)[0])
            inference = emulated.infer()
            summary = {"scores": emulated.scores()}
    assert inference is not None
    return summary | inference.figures(build.board.clock_hz) | {"picture": None}


def _save_picture(picture: Image.Image, path: Path) -> None:
    with tempfile.SpooledTemporaryFile() as stream:
        picture.save(stream, "PNG")
        stream.seek(0)
        atomic_write(path, stream.read())


def _print(summary: dict[str, Any], photo: Path | None, clock_hz: int) -> None:
    console = Console(soft_wrap=True, markup=False)
    name = photo or "the sample photo"
    if "boxes" in summary:
        console.print(f"{len(summary['boxes'])} found in {name}")
        for x, y, width, height, score in summary["boxes"]:
            console.print(f"  {score:.2f}  at ({x:.0f}, {y:.0f}), {width:.0f} x {height:.0f} px")
        console.print(f"picture: {summary['picture']}")
    else:
        print_scores(console, summary, name)
    count = summary["instructions"]
    text = "instructions not told by the emulator" if count is None else f"{count:,} instructions"
    if "cycles_estimated" in summary:
        text += (
            f", about {summary['cycles_estimated']:,} cycles (estimated): "
            f"{summary['time_ms_estimated']:,.0f} ms at {clock_hz / 1e6:.0f} MHz"
        )
    else:
        text += " (Renode; it models no cycles)"
    console.print(text)
