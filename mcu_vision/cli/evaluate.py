"""mcu-vision evaluate"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from mcu_vision.cli import options
from mcu_vision.cli.evaluate_card import begin_card, write_card
from mcu_vision.cli.evaluate_faces import face_table, read_test_faces, score_faces
from mcu_vision.cli.evaluate_pictures import write_face_pictures, write_wake_word_sheet
from mcu_vision.cli.evaluate_wake_words import (
    FITS,
    read_wake_words,
    score_wake_words,
    summarize_wake_words,
    wake_word_table,
)
from mcu_vision.cli.executions import EXECUTIONS
from mcu_vision.cli.pipeline import find_model, load_model, take_build
from mcu_vision.cli.torch_models import export_model, parse_size
from mcu_vision.evaluate.classification import best_threshold
from mcu_vision.ir import Graph

Sample = TypeVar("Sample")
Figures = dict[str, list[dict[str, Any]]]
"""Figures by execution."""


@dataclass(frozen=True)
class _Work:
    """What to measure, and where pictures go."""

    graphs: dict[str, Graph]
    data: Path
    split: str
    fit: str
    limit: int | None
    workers: int
    threshold: float | None
    pictures: Path | None


def evaluate(
    model: options.Model = options.DEFAULT_MODEL,
    data: Annotated[
        Path,
        typer.Option(
            help="Folder of annotated photos. Faces: test.jsonl with test.zip, WIDER FACE or SCUT-HEAD; "
            "wake words: train.csv with zip files."
        ),
    ] = Path("data"),
    executions: Annotated[
        str,
        typer.Option(
            help="Some of float (needs the extra `train`), int8 (integer reference), host (its C code here), "
            "board (the firmware, emulated), with commas."
        ),
    ] = "int8",
    network: Annotated[
        str | None,
        typer.Option(help="What float exports, if the model's name is no registered network's: FILE.py:NET."),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Float weights (safetensors); by default the shipped ones.")
    ] = None,
    input_size: Annotated[
        str | None, typer.Option("--input", metavar="WxHxC", help="Input size of float, in place of the model's own.")
    ] = None,
    split: Annotated[str, typer.Option(help="Wake words: which split of train.csv.")] = "val",
    fit: Annotated[
        str, typer.Option(help="Wake words: squash a photo into the frame, or letterbox it as `run` does.")
    ] = "letterbox",
    threshold: Annotated[
        float | None,
        typer.Option(help="Wake words: the threshold to report at; by default the best of the first execution on val."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Measure on about N photos, spread over all.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, metavar="N", help="Faces: processes.")] = 1,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder for precision-recall curves and a sheet of the worst mistakes.")
    ] = None,
    card: Annotated[
        Path | None, typer.Option(help="A model card's JSON to fill in; its Markdown is written too.")
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="With --card: the JSON that training wrote beside the weights.")
    ] = None,
    build_dir: options.BuildDir = options.DEFAULT_BUILD_DIR,
    as_json: options.Json = False,
) -> None:
    """Measure a model on annotated photos: average precision of faces by source and size, accuracy of wake words.

    Every execution decodes alike and sees the same frames. Faces count down to a score of 0.02, FDDB at IoU 0.4,
    others at 0.5; `ignore` regions count neither way (docs/evaluation.md).

    Example: mcu-vision evaluate --model face-m4 --data faces/ --executions float,int8 --pictures out/

    Example: mcu-vision evaluate --model vww-rnnpool --data vww/ --executions int8,board --limit 50
    """
    chosen = list(dict.fromkeys(executions.split(",")))
    for execution in chosen:
        options.check_choice(execution, EXECUTIONS, "--executions")
    options.check_choice(fit, FITS, "--fit")
    begun = begin_card(card, recipe) if card else None
    graphs = {e: _load(e, model, network, weights, input_size) for e in chosen}
    work = _Work(graphs, data, split, fit, limit, workers, threshold, pictures)
    detector = next(iter(graphs.values())).metadata.get("task") == "detect"
    figures, table, written = _evaluate_faces(work) if detector else _evaluate_wake_words(work)
    if card is not None and begun is not None:
        build = take_build(model, options.DEFAULT_BOARD, "auto", build_dir).summary
        written.append(str(write_card(card, begun, figures, build)))
    if as_json:
        options.print_json({"model": model, "figures": figures, "written": written})
        return
    console = Console(soft_wrap=True, markup=False)
    console.print(table)
    for path in written:
        console.print(path)


def _load(execution: str, model: str, network: str | None, weights: Path | None, size: str | None) -> Graph:
    if execution == "float":
        return export_model(network or model, weights, parse_size(size) if size else None)
    return load_model(find_model(model))


def _spread(samples: Sequence[Sample], limit: int | None) -> list[Sample]:
    return list(samples if limit is None else samples[:: max(1, len(samples) // limit)])


def _evaluate_faces(work: _Work) -> tuple[Figures, Table, list[str]]:
    samples = _spread(read_test_faces(work.data), work.limit)
    figures: Figures = {}
    written: list[str] = []
    for execution, graph in work.graphs.items():
        photos, figures[execution] = score_faces(execution, graph, samples, work.workers)
        if work.pictures is not None:
            threshold = graph.metadata["detector"]["score_threshold"]
            written += write_face_pictures(graph.name, execution, samples, photos, threshold, work.pictures)
    return figures, face_table(figures), written


def _evaluate_wake_words(work: _Work) -> tuple[Figures, Table, list[str]]:
    samples = _spread(read_wake_words(work.data, work.split), work.limit)
    scores = {e: score_wake_words(e, graph, samples, work.fit) for e, graph in work.graphs.items()}
    threshold = work.threshold
    if threshold is None:
        threshold = _choose_threshold(work, next(iter(scores.values())))
    figures = {e: summarize_wake_words(values, samples, threshold) for e, values in scores.items()}
    written: list[str] = []
    if work.pictures is not None:
        for execution, graph in work.graphs.items():
            written += write_wake_word_sheet(
                graph.name, execution, samples, scores[execution], threshold, work.pictures
            )
    return figures, wake_word_table(figures), written


def _choose_threshold(work: _Work, scores: np.ndarray) -> float:
    """The most accurate on all photos of the split val, by the first execution; `scores` if they are those."""
    samples = read_wake_words(work.data, "val")
    if work.split != "val" or work.limit is not None:
        execution, graph = next(iter(work.graphs.items()))
        scores = score_wake_words("int8" if execution == "board" else execution, graph, samples, work.fit)
    return best_threshold(scores, np.array([s.label for s in samples], np.int64))
