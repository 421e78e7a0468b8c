"""Average precision of a face detector: float graph, integer reference, or its C code on this machine.

    python benchmarks/face_accuracy.py --executions float,host --json

All executions decode with a score threshold of 0.02 and long lists (the product's threshold and lists would
cut the curve off). Face sizes are heights in the letterboxed frame. Sources are reported apart: FDDB at IoU
0.4, the others at 0.5. Needs torch for the float graph, a C compiler for "host".
"""

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from mcu_vision.cli.torch_models import export_model
from mcu_vision.codegen import generate_sources
from mcu_vision.data.face_sample import FaceSample
from mcu_vision.data.shared_faces import read_shared_faces
from mcu_vision.errors import UserError
from mcu_vision.evaluate.detector import RunDetector
from mcu_vision.evaluate.evaluation_graph import report_weak_boxes
from mcu_vision.evaluate.face_accuracy import Frame, measure_accuracy, score_photos
from mcu_vision.files import atomic_write
from mcu_vision.ir import Graph
from mcu_vision.plan import ArenaRegion, plan_graph
from mcu_vision.reference import normalize_input, quantize_input, run_graph
from mcu_vision.resources import resource
from mcu_vision.saved_model import load_graph, save_graph
from mcu_vision.toolchain.host import build_host_library
from mcu_vision.toolchain.host_model import HostModel

EXECUTIONS = ("float", "int8", "host")
LARGEST_LOSS = 0.02
ANY_MEMORY_BYTES = 1 << 30

Figures = dict[str, list[dict[str, Any]]]
"""FaceAccuracy as JSON values, by execution."""


def main() -> int:
    """Measure, print, and return the exit code."""
    options = parse_arguments()
    try:
        figures = measure(options)
        if options.figures is not None:
            atomic_write(options.figures, json.dumps(figures, indent=1) + "\n")
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(benchmark_items(options.model, figures), indent=1))
    else:
        print_table(figures)
    return 0


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--model", default="face-m4", help="name of a model (default: face-m4)")
    parser.add_argument("--weights", type=Path, help="float weights (default: the shipped ones)")
    parser.add_argument("--quantized", type=Path, help="saved quantised graph (default: the shipped one)")
    parser.add_argument("--data", type=Path, default=data, help="folder that holds faces/test.jsonl and .zip")
    parser.add_argument("--executions", default="float,int8", help=f"some of {','.join(EXECUTIONS)}")
    parser.add_argument("--limit", type=int, help="take only every n-th photo, about LIMIT in all")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--figures", type=Path, help="write all figures, for the model card, to this JSON file")
    parser.add_argument("--json", action="store_true", help="print a list of name, value, unit, goal, better")
    return parser.parse_args()


def measure(options: argparse.Namespace) -> Figures:
    """Accuracy of every execution. Raises UserError if a model or the data are missing."""
    executions = options.executions.split(",")
    for execution in executions:
        if execution not in EXECUTIONS:
            raise UserError(f"unknown execution {execution!r}; choose some of {', '.join(EXECUTIONS)}")
    samples = read_shared_faces(options.data / "faces", "test")
    if options.limit is not None:
        samples = samples[:: max(1, len(samples) // max(1, options.limit))]
    figures = {}
    for execution in executions:
        with TemporaryDirectory() as folder:
            graph = report_weak_boxes(load_model(execution, options))
            make_run = PREPARATIONS[execution](graph, Path(folder))
            figures[execution] = evaluate(execution, graph, make_run, samples, options.workers)
    return figures


def evaluate(
    label: str, graph: Graph, make_run: Callable[[], RunDetector], samples: list[FaceSample], workers: int
) -> list[dict[str, Any]]:
    """Accuracy of one execution on `samples`."""
    _, height, width, channels = graph.input.shape
    frame: Frame = (width, height, channels)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        photos = progress.track(score_photos(samples, make_run, frame, workers), total=len(samples), description=label)
        threshold = graph.metadata["detector"]["score_threshold"]
        return [accuracy.to_json() for accuracy in measure_accuracy(list(photos), threshold)]


def load_model(execution: str, options: argparse.Namespace) -> Graph:
    """The trained torch model as a float graph that gives boxes, or the saved int8 graph."""
    if execution == "float":
        return export_model(options.model, options.weights)
    if options.quantized is not None:
        return load_graph(options.quantized)
    try:
        return load_graph(resource("mcu_vision", "models", "weights", f"{options.model}.int8.safetensors"))
    except FileNotFoundError as error:
        raise UserError(f"{options.model} has no shipped int8 graph; name one with --quantized") from error


def prepare_reference(graph: Graph, folder: Path) -> Callable[[], RunDetector]:
    """The operators' definitions in numpy, float or integer as the graph is."""
    save_graph(graph, folder / "graph.safetensors")
    return partial(load_reference, folder / "graph.safetensors")


def load_reference(path: Path) -> RunDetector:
    """Runs in a worker process."""
    graph = load_graph(path)
    to_input = quantize_input if graph.quantized else normalize_input
    return lambda frame: run_graph(graph, to_input(frame))[graph.outputs[0]]


def prepare_host(graph: Graph, folder: Path) -> Callable[[], RunDetector]:
    """The generated C, compiled for this machine; its bytes are those of the integer reference."""
    program = plan_graph(graph, [ArenaRegion("sram", ANY_MEMORY_BYTES, dma=True)], ANY_MEMORY_BYTES)
    sources = folder / "src"
    sources.mkdir()
    model = generate_sources(program, sources)
    library = build_host_library(sources, folder / "model.so")
    return partial(load_host, library, model.prefix)


def load_host(library: Path, prefix: str) -> RunDetector:
    """Runs in a worker process."""
    model = HostModel(library, prefix)

    def run(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.int16]:
        model.write_input(quantize_input(frame).tobytes())
        model.invoke()
        return np.frombuffer(model.output(0), "<i2").reshape(-1, 5)

    return run


PREPARATIONS: dict[str, Callable[[Graph, Path], Callable[[], RunDetector]]] = {
    "float": prepare_reference,
    "int8": prepare_reference,
    "host": prepare_host,
}


def benchmark_items(model: str, figures: Figures) -> list[dict[str, Any]]:
    """Average precision of each execution, and what quantisation costs, with the project's bar as goal."""
    items = []
    for execution, entries in figures.items():
        for entry in entries:
            name = f"{model}.{execution}.{entry['source']}.{entry['size']}"
            if entry["average_precision"] is None:
                if entry["faces"] == 0 and entry["size"] == "all":
                    items.append(item(f"{name}.errors_per_photo", entry["errors_per_photo"], "boxes", "lower"))
                continue
            items.append(item(f"{name}.ap", entry["average_precision"], "AP", "higher"))
            before = float_precision(figures, entry)
            if execution != "float" and before is not None:
                loss = before - entry["average_precision"]
                items.append(item(f"{name}.ap_loss", loss, "AP", "lower", LARGEST_LOSS))
    return items


def float_precision(figures: Figures, entry: dict[str, Any]) -> float | None:
    """The float graph's figure for the same photos and faces, if it was measured."""
    for other in figures.get("float", []):
        if (other["source"], other["size"]) == (entry["source"], entry["size"]):
            precision: float | None = other["average_precision"]
            return precision
    return None


def item(name: str, value: float, unit: str, better: str, goal: float | None = None) -> dict[str, Any]:
    """One line of a benchmark's JSON."""
    return {"name": name, "value": round(value, 4), "unit": unit, "goal": goal, "better": better}


def print_table(figures: Figures) -> None:
    """Everything, for people."""
    table = Table("execution", "source", "size", "faces", "AP", "precision", "recall", "errors")
    for execution, entries in figures.items():
        for entry in entries:
            table.add_row(
                execution,
                entry["source"],
                entry["size"],
                str(entry["faces"]),
                *(number(entry[key]) for key in ("average_precision", "precision", "recall")),
                number(entry["errors_per_photo"]),
            )
    table.caption = "size: px in the frame; precision, recall and errors a photo at the model's own threshold"
    Console().print(table)


def number(value: float | None) -> str:
    """Three decimals, or a dash."""
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    sys.exit(main())
