"""Ways to quantise a shipped model, compared by what they cost in accuracy.

    python benchmarks/quantization.py --models vww-rnnpool
    python benchmarks/quantization.py --models face-m4 --limit 100 --variants mse,greedy,mse+bias --json

A variant is a method of choosing ranges (min-max, percentile, mse, greedy), and perhaps +equalize, +bias, +per-tensor
(one scale for all weights of a layer) and +aware (the weights of --aware, trained with `train --quantization-aware`).
All are calibrated on the same training photos and measured as C code on this machine, whose bytes are those of the
board. Needs torch.
"""

import argparse
import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from accuracy import Figures, measure_faces, measure_wake_words
from rich.console import Console
from rich.table import Table

from mcu_vision.cli.torch_models import export_model
from mcu_vision.data.face_folder import read_face_folder
from mcu_vision.data.face_sample import FaceSample
from mcu_vision.data.letterbox import letterbox
from mcu_vision.data.shared_wake_words import read_shared_wake_words
from mcu_vision.data.wake_word_sample import WakeWordSample
from mcu_vision.errors import UserError
from mcu_vision.ir import Graph
from mcu_vision.quantize import METHODS, quantize_graph
from mcu_vision.reference import normalize_input

VARIANTS = (
    "min-max",
    "percentile",
    "mse",
    "greedy",
    "mse+equalize",
    "mse+bias",
    "greedy+equalize+bias",
    "mse+per-tensor",
    "mse+per-tensor+equalize",
)
EXTRAS = {"equalize", "bias", "per-tensor", "aware"}
SHOWN = {
    "detect": ("fddb.8-64.ap", "fddb.all.ap", "wider_val.>=16.ap"),
    "classify": ("all.accuracy", "all.auc", "annotated_by_people.accuracy", "annotated_by_people.auc"),
}


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--models", default="face-m4,vww-rnnpool", help="shipped models (default: both)")
    parser.add_argument("--data", type=Path, default=data, help="folder that holds faces/ and vww/")
    parser.add_argument("--variants", default=",".join(VARIANTS), help=f"default: {','.join(VARIANTS)}")
    parser.add_argument("--weights", type=Path, help="float weights of one model, in place of the shipped ones")
    parser.add_argument("--aware", type=Path, help="float weights trained with quantisation, for +aware")
    parser.add_argument("--photos", type=int, default=100, help="photos to calibrate on (default: 100)")
    parser.add_argument("--limit", type=int, help="measure on about LIMIT photos")
    parser.add_argument("--workers", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--json", action="store_true", help="print a list of name, value, unit, goal, better")
    options = parser.parse_args()
    items = []
    try:
        for model in options.models.split(","):
            graph = export_model(model, options.weights)
            aware = None if options.aware is None else export_model(model, options.aware)
            figures = measure(graph, aware, options)
            items += benchmark_items(model, figures)
            if not options.json:
                print_table(graph, figures)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(items, indent=1))
    return 0


def measure(graph: Graph, aware: Graph | None, options: Namespace) -> Figures:
    """Figures by variant, "float" first. aware: the same network trained with quantisation."""
    detector = graph.metadata.get("task") == "detect"
    measure_graph = measure_faces if detector else measure_wake_words
    figures = dict(measure_graph({"float": graph}, options))
    samples = calibration_samples(options.data, detector, options.photos)
    for variant in options.variants.split(","):
        quantized = quantize_variant(graph, aware, list(frames(graph, samples)), variant)
        figures[variant] = measure_graph({"host": quantized}, options)["host"]
    return figures


def quantize_variant(graph: Graph, aware: Graph | None, images: list[npt.NDArray[np.float32]], variant: str) -> Graph:
    """E.g. "mse+equalize+bias". Raises UserError if a part is unknown."""
    method, *extras = variant.split("+")
    if method not in METHODS or {*extras} - EXTRAS:
        raise UserError(
            f"unknown variant {variant!r}: one of {', '.join(METHODS)}, and perhaps +{', +'.join(sorted(EXTRAS))}"
        )
    if "aware" in extras:
        if aware is None:
            raise UserError(f"the variant {variant!r} needs --aware WEIGHTS")
        graph = aware
    return quantize_graph(graph, images, method, "equalize" in extras, "bias" in extras, "per-tensor" not in extras)


def calibration_samples(data: Path, detector: bool, count: int) -> list[FaceSample] | list[WakeWordSample]:
    """Training photos, always the same ones; of wake words those that people annotated."""
    if detector:
        faces = read_face_folder(data)[0]
        return faces[:: max(1, len(faces) // count)][:count]
    words = [s for s in read_shared_wake_words(data / "vww", "train") if s.annotated]
    return words[:: max(1, len(words) // count)][:count]


def frames(graph: Graph, samples: list[FaceSample] | list[WakeWordSample]) -> Iterator[npt.NDArray[np.float32]]:
    """Model inputs (H, W, C) in [0, 1]."""
    _, height, width, channels = graph.input.shape
    for sample in samples:
        yield normalize_input(letterbox(sample.read_image(), width, height, channels)[0])


def benchmark_items(model: str, figures: Figures) -> list[dict[str, Any]]:
    """One entry a variant and figure."""
    names = [n for shown in SHOWN.values() for n in shown]
    return [
        {"name": f"{model}.{name} ({variant})", "value": round(values[name], 4), "unit": name, "better": "higher"}
        | {"goal": None}
        for variant, values in figures.items()
        for name in names
        if name in values
    ]


def print_table(graph: Graph, figures: Figures) -> None:
    """A row a variant."""
    names = SHOWN["detect" if graph.metadata.get("task") == "detect" else "classify"]
    names = tuple(name for name in names if name in figures["float"])
    table = Table("variant", *names, title=graph.name)
    for variant, values in figures.items():
        table.add_row(variant, *(f"{values[name]:.4f}" for name in names))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
