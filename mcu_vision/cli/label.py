"""mcu-vision label"""

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from PIL import Image, ImageOps
from rich.console import Console
from rich.progress import track

from mcu_vision.cli import options
from mcu_vision.cli.executions import PREPARATIONS
from mcu_vision.cli.photos import find_photos_below, load_photo
from mcu_vision.cli.pipeline import load_model, shipped_models
from mcu_vision.cli.torch_models import Size, export_model, parse_size
from mcu_vision.data.letterbox import letterbox
from mcu_vision.errors import UserError
from mcu_vision.evaluate.detector import RunDetector
from mcu_vision.evaluate.evaluation_graph import report_weak_boxes
from mcu_vision.evaluate.merge_views import Labels, detect_in_view, make_views, merge_views
from mcu_vision.evaluate.onnx_teacher import BOX_FORMS, PIXEL_FORMS, Frame, OnnxForm, OnnxTeacher
from mcu_vision.evaluate.wake_word_accuracy import person_score
from mcu_vision.files import atomic_directory
from mcu_vision.ir import Graph

QUALITY = 92


def label(
    folder: Annotated[Path, typer.Argument(help="Folder of unlabelled photos, subfolders included.")],
    teacher: Annotated[
        str,
        typer.Option(
            help="A network's name (its float weights), FILE.py:NET, a quantised model, a .tflite or an .onnx file."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the data set that `train` reads; must be new or empty.")],
    weights: Annotated[Path | None, typer.Option(help="Float weights of the teacher (safetensors).")] = None,
    input_size: Annotated[
        str | None, typer.Option("--input", metavar="WxHxC", help="The teacher's input, in place of its own.")
    ] = None,
    min_score: Annotated[
        float, typer.Option(min=0, max=1, help="A face's least score, the mean of a view and its mirror image.")
    ] = 0.5,
    ignore_from: Annotated[
        float,
        typer.Option(min=0.02, max=1, help="Score from which a face that is no label is ignored, not background."),
    ] = 0.2,
    pixels: Annotated[
        str, typer.Option(help=f"An ONNX teacher's: {', '.join(PIXEL_FORMS)} (0 to 1, -1 to 1, 0 to 255, normalised).")
    ] = "unit",
    bgr: Annotated[bool, typer.Option("--bgr", help="An ONNX teacher takes blue first.")] = False,
    boxes: Annotated[
        str, typer.Option(help="An ONNX teacher's: corners (x0 y0 x1 y1) or centres (x y width height).")
    ] = "corners",
    as_json: options.Json = False,
) -> None:
    """Label photos with a teacher, for a student to train on: its predictions merged over scales and mirror images.

    A face detector writes train.jsonl and train.zip: sure faces as boxes, doubtful ones as ignore regions. A
    wake-word classifier writes train.csv and images.zip with its probability as teacher. `train --data OUT` takes both.

    Example: mcu-vision label photos/ --teacher face-c --weights big.safetensors --out labelled/

    Example: mcu-vision label photos/ --teacher yolo-face.onnx --boxes centres --out labelled/
    """
    options.check_choice(pixels, PIXEL_FORMS, "--pixels")
    options.check_choice(boxes, BOX_FORMS, "--boxes")
    size = parse_size(input_size) if input_size else None
    paths = find_photos_below(folder)
    if not paths:
        raise UserError(f"no photos in {folder}: give a folder of JPEG, PNG or WebP files")
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out} is not empty; name a new folder")
    console = options.progress_console()
    with tempfile.TemporaryDirectory() as work, console.status(f"preparing {teacher}"):
        if teacher.endswith(".onnx"):
            chosen = _open_onnx(Path(teacher), OnnxForm(size, pixels, bgr, boxes, ignore_from))
        else:
            chosen = _open_graph(_load(teacher, weights, size), ignore_from, Path(work))
    photos = track(paths, "labelling", console=console, transient=True)
    with atomic_directory(out.resolve()) as staging:
        if chosen.detect is not None:
            summary = _label_faces(photos, folder, chosen.detect, chosen.frame, staging, min_score)
        else:
            summary = _label_wake_words(photos, folder, chosen, staging)
    summary |= {"teacher": teacher, "photos": len(paths), "out": str(out)}
    if as_json:
        options.print_json(summary)
        return
    counts = ", ".join(f"{value} {name}" for name, value in summary.items() if isinstance(value, int))
    Console(soft_wrap=True, markup=False).print(f"{counts}: {out}\nnext     mcu-vision train MODEL --data {out}")


@dataclass(frozen=True)
class _Teacher:
    """Finds boxes in a frame uint8 (H, W, C), or else gives the probability of a person; frame: W, H, C."""

    frame: Frame
    detect: RunDetector | None
    probability: Callable[[npt.NDArray[np.uint8]], float]


def _open_onnx(path: Path, form: OnnxForm) -> _Teacher:
    network = OnnxTeacher(path, form)
    return _Teacher(network.frame, network.detect if network.detector else None, network.probability)


def _open_graph(graph: Graph, ignore_from: float, work: Path) -> _Teacher:
    detector = graph.metadata.get("task") == "detect"
    graph = report_weak_boxes(graph, ignore_from) if detector else graph
    run = PREPARATIONS["host" if graph.quantized else "float"](graph, work)()
    _, height, width, channels = graph.input.shape
    if detector:
        return _Teacher((width, height, channels), run, lambda frame: 0.0)
    score = person_score(graph)
    return _Teacher((width, height, channels), None, lambda frame: score(run(frame)))


def _load(teacher: str, weights: Path | None, size: Size | None) -> Graph:
    path = Path(teacher)
    if path.is_file() and path.suffix != ".py":
        return load_model(path)
    graph = export_model(teacher, weights, size)
    if graph.metadata.get("weights") == "random":
        names = ", ".join(shipped_models())
        raise UserError(f"{teacher} ships without trained weights: add --weights, or take one of {names}")
    return graph


def _label_faces(
    photos: Iterable[Path], folder: Path, detect: RunDetector, frame: Frame, out: Path, min_score: float
) -> dict[str, Any]:
    counts = {"boxes": 0, "ignored": 0}
    with zipfile.ZipFile(out / "train.zip", "w") as archive, (out / "train.jsonl").open("w") as listing:
        for path in photos:
            image = load_photo(path)
            views = make_views(*image.size)
            found = [detect_in_view(detect, image, view, frame) for view in views]
            labels = merge_views(views, found, image.size, min_score)
            name = _store(archive, image, path.relative_to(folder))
            listing.write(json.dumps(_face_entry(name, image, labels)) + "\n")
            counts["boxes"] += len(labels.boxes)
            counts["ignored"] += len(labels.ignore)
    return counts


def _face_entry(name: str, image: Image.Image, labels: Labels) -> dict[str, Any]:
    boxes, ignore = (np.round(b, 1).tolist() for b in (labels.boxes, labels.ignore))
    return {"file": name, "w": image.width, "h": image.height, "boxes": boxes, "ignore": ignore, "source": "pseudo"}


def _label_wake_words(photos: Iterable[Path], folder: Path, teacher: _Teacher, out: Path) -> dict[str, Any]:
    persons = 0
    with zipfile.ZipFile(out / "images.zip", "w") as archive, (out / "train.csv").open("w", newline="") as listing:
        writer = csv.writer(listing)
        writer.writerow(["shard", "file", "label", "split", "source", "label_kind", "teacher_vww"])
        for number, path in enumerate(photos):
            image = load_photo(path)
            views = _wake_word_views(image)
            probability = float(np.mean([teacher.probability(letterbox(v, *teacher.frame)[0]) for v in views]))
            name = _store(archive, image, path.relative_to(folder))
            split = "val" if number % 20 == 19 else "train"
            person = int(probability >= 0.5)
            persons += person
            writer.writerow(["images.zip", name, person, split, "pseudo", "teacher", f"{probability:.4f}"])
    return {"persons": persons}


def _wake_word_views(image: Image.Image) -> Iterator[Image.Image]:
    """The photo and its mirror image, whole and without its outer tenth."""
    x, y = image.width // 20, image.height // 20
    for view in (image, image.crop((x, y, image.width - x, image.height - y))):
        yield view
        yield ImageOps.mirror(view)


def _store(archive: zipfile.ZipFile, image: Image.Image, path: Path) -> str:
    """Add the upright photo under its path, as JPEG."""
    name = path.with_suffix(path.suffix + ".jpg" if path.suffix.lower() not in (".jpg", ".jpeg") else path.suffix)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=QUALITY)
    archive.writestr(name.as_posix(), stream.getvalue())
    return name.as_posix()
