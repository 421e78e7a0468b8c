"""mcu-vision detect"""

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from mcu_vision.cli import options
from mcu_vision.cli.executions import PREPARATIONS
from mcu_vision.cli.photos import find_photos_below, load_photo
from mcu_vision.cli.pipeline import find_model, load_model
from mcu_vision.errors import UserError
from mcu_vision.evaluate.detector import detect_boxes
from mcu_vision.evaluate.draw import draw_boxes
from mcu_vision.evaluate.evaluation_graph import report_weak_boxes
from mcu_vision.evaluate.predictions import write_predictions, write_wider_submission
from mcu_vision.files import atomic_write
from mcu_vision.ir import Graph

ON = ("host", "int8", "board")


def detect(
    folder: Annotated[Path, typer.Argument(help="A photo, or a folder whose photos, subfolders included, are taken.")],
    model: options.Model = options.DEFAULT_MODEL,
    out: Annotated[Path, typer.Option(help="Folder for pictures and prediction files.")] = Path("detections"),
    on: Annotated[
        str,
        typer.Option(help="host (the generated C here), int8 (integer reference) or board (emulated): equal boxes."),
    ] = "host",
    min_score: Annotated[
        float | None,
        typer.Option(min=0.001, max=1, help="Report boxes from this score; by default the model's own threshold."),
    ] = None,
    pictures: Annotated[bool, typer.Option(help="Draw the boxes.")] = True,
    as_json: options.Json = False,
) -> None:
    """Find faces in every photo of a folder: pictures with boxes, and one prediction file a photo in two formats.

    OUT/pictures/ has the drawings, OUT/edgeml/ the number of boxes and "x y width height score" lines, OUT/wider/ the
    same as a WIDER FACE submission, <event>/<photo>.txt, the event being the photo's folder.
    Average precision wants weak boxes too: --min-score 0.02.

    Example: mcu-vision detect photos/ --out detections/
    """
    options.check_choice(on, ON, "--on")
    paths = find_photos_below(folder)
    if not paths:
        raise UserError(f"no photos in {folder}: give a folder of JPEG, PNG or WebP files")
    graph = _load(model, min_score)
    console = options.progress_console()
    for path in track(paths, "reading", console=console, transient=True):
        load_photo(path)  # one that cannot be read ends this before anything is written
    _, height, width, channels = graph.input.shape
    root = folder if folder.is_dir() else folder.parent
    found: dict[str, np.ndarray] = {}
    with TemporaryDirectory() as work:
        with console.status(f"preparing {graph.name}"):
            run = PREPARATIONS[on](graph, Path(work))()
        for path in track(paths, "detecting", console=console, transient=True):
            image = load_photo(path)
            boxes = detect_boxes(run, image, width, height, channels)
            name = path.relative_to(root)
            found[_wider_name(name, root)] = boxes
            write_predictions(out / "edgeml" / name.with_suffix(".txt"), boxes)
            if pictures:
                stream = io.BytesIO()
                draw_boxes(image, boxes).save(stream, "PNG")
                atomic_write(out / "pictures" / name.with_suffix(".png"), stream.getvalue())
    write_wider_submission(out / "wider", found)
    summary = {"model": graph.name, "photos": len(paths), "boxes": sum(map(len, found.values())), "out": str(out)}
    _print(summary | {"with_boxes": sum(len(b) > 0 for b in found.values())}, as_json)


def _load(model: str, min_score: float | None) -> Graph:
    graph = load_model(find_model(model))
    if graph.metadata.get("task") != "detect":
        raise UserError(f"{graph.name} is no detector; mcu-vision run gives a classifier's scores")
    return graph if min_score is None else report_weak_boxes(graph, min_score)


def _wider_name(name: Path, root: Path) -> str:
    """<event>/<file>: WIDER FACE knows one level of folders."""
    event = name.parent.as_posix().replace("/", "_") if name.parent != Path() else root.resolve().name
    return f"{event}/{name.name}"


def _print(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        options.print_json(summary)
        return
    console = Console(soft_wrap=True, markup=False)
    console.print(
        f"{summary['boxes']} boxes in {summary['with_boxes']} of {summary['photos']} photos: {summary['out']}"
    )
