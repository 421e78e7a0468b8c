"""Average precision of a face detector, however it is executed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from mcu_vision.cli import options
from mcu_vision.cli.executions import PREPARATIONS
from mcu_vision.data.face_sample import FaceSample
from mcu_vision.data.scut_head import read_scut_head
from mcu_vision.data.shared_faces import read_shared_faces
from mcu_vision.data.wider_face import read_wider_face
from mcu_vision.errors import UserError
from mcu_vision.evaluate.average_precision import ScoredImage
from mcu_vision.evaluate.evaluation_graph import report_weak_boxes
from mcu_vision.evaluate.face_accuracy import measure_accuracy, score_photos
from mcu_vision.ir import Graph

FIGURES = ("average_precision", "coco_average_precision", "precision", "recall", "errors_per_photo")


def read_test_faces(folder: Path) -> list[FaceSample]:
    """The annotated photos to measure on: of <folder>, or of its subfolder "faces".

    Known layouts: test.jsonl with test.zip, WIDER FACE (its validation part), SCUT-HEAD (its test part).
    Raises UserError if the folder has none of them.
    """
    for place in (folder, folder / "faces"):
        if (place / "test.jsonl").is_file():
            return read_shared_faces(place, "test")
        if (place / "wider_face_split").is_dir():
            return read_wider_face(place, "val")
        if (place / "ImageSets" / "Main").is_dir():
            return read_scut_head(place, "test")
    raise UserError(
        f"{folder} holds no face data set; name a folder with test.jsonl and test.zip, "
        "or WIDER FACE's (wider_face_split), or SCUT-HEAD's (ImageSets)"
    )


def score_faces(
    execution: str, graph: Graph, samples: Sequence[FaceSample], workers: int
) -> tuple[list[ScoredImage], list[dict[str, Any]]]:
    """Detections in every photo, and FaceAccuracy as JSON values, by source and size.

    Everything down to a score of 0.02 counts; precision and recall are those at the model's own threshold.
    """
    weak = report_weak_boxes(graph)
    _, height, width, channels = graph.input.shape
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with TemporaryDirectory() as folder, Progress(*columns, console=options.progress_console()) as progress:
        make_run = PREPARATIONS[execution](weak, Path(folder))
        scored = score_photos(samples, make_run, (width, height, channels), workers)
        photos = list(progress.track(scored, total=len(samples), description=execution))
    threshold = graph.metadata["detector"]["score_threshold"]
    return photos, [accuracy.to_json() for accuracy in measure_accuracy(photos, threshold)]


def face_table(figures: dict[str, list[dict[str, Any]]]) -> Table:
    """Everything, for people."""
    columns = ("execution", "source", "size", "faces", "AP", "COCO's", "precision", "recall", "errors")
    table = Table(*columns, box=SIMPLE_HEAD, padding=0)
    for execution, entries in figures.items():
        for entry in entries:
            numbers = (entry[key] for key in FIGURES)
            row = (execution, entry["source"], entry["size"], str(entry["faces"]))
            table.add_row(*row, *("-" if value is None else f"{value:.3f}" for value in numbers))
    table.caption = (
        "size: px in the frame, or a subset of WIDER FACE; COCO's: AP over IoU 0.5 to 0.95; "
        "precision, recall and errors a photo at the model's own threshold"
    )
    return table
