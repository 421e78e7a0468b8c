"""Accuracy of the shipped models on annotated photos, float and int8, beside the project's bars.

    python benchmarks/accuracy.py
    python benchmarks/accuracy.py --models vww-rnnpool --executions float,host --json
    python benchmarks/accuracy.py --models card-det --data cards/

Faces: average precision by source and size as `mcu-vision evaluate` computes it, FDDB at IoU 0.4, the others at
0.5. Wake words: accuracy and ROC AUC on the split val, which also chose the weights; the test set of MLPerf Tiny is
not among the photos. "host" is the int8 model's C code on this machine, whose bytes are those of the integer reference
and of the board; it is the default because it is fastest. "float" needs torch.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from mcu_vision.cli.evaluate_faces import read_test_faces, score_faces
from mcu_vision.cli.evaluate_wake_words import read_wake_words, score_wake_words, summarize_wake_words
from mcu_vision.cli.executions import EXECUTIONS
from mcu_vision.cli.pipeline import find_model, load_model, shipped_models
from mcu_vision.cli.torch_models import export_model
from mcu_vision.data.wake_word_sample import WakeWordSample
from mcu_vision.errors import UserError
from mcu_vision.evaluate.classification import best_threshold
from mcu_vision.ir import Graph

LARGEST_LOSS = 0.005
MOST_FALSE_ALARMS = 5
GOALS = {
    "face-m4.fddb.8-64.ap": 0.85,
    "face-m4.wider_val.>=16.ap": 0.50,
    "face-m4.negatives.photos_with_errors": MOST_FALSE_ALARMS,
    "face-m4-wide.fddb.all.ap": 0.88,
    "face-quant.wider_val.>=16.ap": 0.60,
    "vww-rnnpool.official_test.accuracy": 0.83,
    "vww-rnnpool.negatives.photos_with_errors": MOST_FALSE_ALARMS,
}
"""Every bar. Of some there is no value: the model does not ship trained, or the test set is not at hand."""

SHOWN = ("face-m4", "face-m4-sparse", "face-m4-wide", "face-quant", "vww-rnnpool")
"""By default."""

Figures = dict[str, dict[str, float]]
"""Value by name of a figure, by execution."""


def main() -> int:
    """Measure, print, and return the exit code."""
    options = parse_arguments()
    items: list[dict[str, Any]] = []
    try:
        for model in options.models.split(","):
            figures = measure(model, options)
            items += benchmark_items(model, figures)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    items += unmeasured_bars(items)
    if options.json:
        print(json.dumps(items, indent=1))
    else:
        print_table(items)
    return 0


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--models", default=",".join(SHOWN), help=f"some of {','.join(shipped_models())}")
    parser.add_argument("--data", type=Path, default=data, help="folder that holds faces/ and vww/, or cards")
    parser.add_argument("--executions", default="float,host", help=f"some of {','.join(EXECUTIONS)}")
    parser.add_argument("--limit", type=int, help="take only every n-th photo, about LIMIT in all")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--json", action="store_true", help="print a list of name, value, unit, goal, better")
    return parser.parse_args()


def measure(model: str, options: argparse.Namespace) -> Figures:
    """Figures of every execution. Raises UserError if a model or the data are missing."""
    executions = options.executions.split(",")
    for execution in executions:
        if execution not in EXECUTIONS:
            raise UserError(f"unknown execution {execution!r}; choose some of {', '.join(EXECUTIONS)}")
    graphs = {e: export_model(model, None) if e == "float" else load_model(find_model(model)) for e in executions}
    if next(iter(graphs.values())).metadata.get("task") == "detect":
        return measure_faces(graphs, options)
    return measure_wake_words(graphs, options)


def measure_faces(graphs: dict[str, Graph], options: argparse.Namespace) -> Figures:
    """Average precision by source and size; for photos without a face, how many show a box."""
    samples = read_test_faces(options.data)
    if options.limit is not None:
        samples = samples[:: max(1, len(samples) // max(1, options.limit))]
    figures: Figures = {}
    for execution, graph in graphs.items():
        photos, entries = score_faces(execution, graph, samples, options.workers)
        figures[execution] = face_figures(entries)
        threshold = graph.metadata["detector"]["score_threshold"]
        for source in {p.source for p in photos} - {p.source for p in photos if len(p.faces)}:
            marked = sum(bool((p.detections[:, 4] >= threshold).any()) for p in photos if p.source == source)
            figures[execution][f"{source}.photos_with_errors"] = marked
    return figures


def face_figures(entries: list[dict[str, Any]]) -> dict[str, float]:
    """Average precision by "source.size.ap"."""
    known = (e for e in entries if e["average_precision"] is not None)
    return {f"{e['source']}.{e['size']}.ap": e["average_precision"] for e in known}


def measure_wake_words(graphs: dict[str, Graph], options: argparse.Namespace) -> Figures:
    """Accuracy at 0.5 and at the threshold that is the first execution's best, and ROC AUC."""
    samples = read_wake_words(options.data, "val")
    if options.limit is not None:
        samples = samples[:: max(1, len(samples) // max(1, options.limit))]
    labels = np.array([s.label for s in samples], np.int64)
    threshold, figures = None, {}
    for execution, graph in graphs.items():
        scores = score_wake_words(execution, graph, samples)
        threshold = best_threshold(scores, labels) if threshold is None else threshold
        figures[execution] = {}
        for entry in summarize_wake_words(scores, samples, threshold)[:2]:
            source = entry["source"].replace(" ", "_")
            for key in ("accuracy", "accuracy_at_threshold", "auc"):
                if entry[key] is not None:
                    figures[execution][f"{source}.{key}"] = entry[key]
        figures[execution]["negatives.photos_with_errors"] = count_faceless_alarms(execution, graph, options)
    return figures


def count_faceless_alarms(execution: str, graph: Graph, options: argparse.Namespace) -> int:
    """Of the face set's photos without a face, how many are said to show a person (probability over 0.5)."""
    faceless = [s for s in read_test_faces(options.data) if not len(s.boxes) and s.source == "negatives"]
    if options.limit is not None:
        faceless = faceless[: options.limit]
    photos = [WakeWordSample(s.container, s.member, 0, 0.0, s.source) for s in faceless]
    return int((score_wake_words(execution, graph, photos) > 0.5).sum())


def benchmark_items(model: str, figures: Figures) -> list[dict[str, Any]]:
    """One entry a figure, and what quantisation costs where the float model was measured too."""
    items = []
    for execution, values in figures.items():
        for name, value in values.items():
            unit = name.rpartition(".")[2]
            better = _better(name)
            items.append(item(f"{model}.{name}", execution, value, unit, better, GOALS.get(f"{model}.{name}")))
            before = figures.get("float", {}).get(name)
            if execution != "float" and before is not None and better == "higher":
                items.append(item(f"{model}.{name}.loss", execution, before - value, unit, "lower", LARGEST_LOSS))
    return items


def unmeasured_bars(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Bars of which `items` hold no value."""
    measured = {entry["name"].partition(" (")[0] for entry in items}
    return [
        item(name, "not measured", None, name.rpartition(".")[2], _better(name), goal)
        for name, goal in GOALS.items()
        if name not in measured
    ]


def _better(name: str) -> str:
    return "lower" if name.endswith("photos_with_errors") else "higher"


def item(name: str, execution: str, value: float | None, unit: str, better: str, goal: float | None) -> dict[str, Any]:
    """One line of a benchmark's JSON."""
    rounded = None if value is None else round(value, 4)
    return {"name": f"{name} ({execution})", "value": rounded, "unit": unit, "goal": goal, "better": better}


def print_table(items: list[dict[str, Any]]) -> None:
    """Everything, for people."""
    table = Table("figure", "value", "goal", "reached")
    for entry in items:
        value, goal = entry["value"], entry["goal"]
        reached = ""
        if goal is not None and value is not None:
            reached = "yes" if (value <= goal if entry["better"] == "lower" else value >= goal) else "no"
        table.add_row(
            entry["name"], "" if value is None else f"{value:g}", "" if goal is None else f"{goal:g}", reached
        )
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
