"""How far exported ONNX models are from the integer reference on the sample photo, in onnxruntime.

    python benchmarks/onnx_steps.py face-m4 model.tflite

Steps are those of the outputs' int8 values.
"""

import argparse

import numpy as np
import onnxruntime
from rich.console import Console
from rich.table import Table

from mcu_vision.cli.photos import load_photo
from mcu_vision.cli.pipeline import find_model, load_model
from mcu_vision.data.letterbox import letterbox
from mcu_vision.export.onnx import export_onnx
from mcu_vision.reference import quantize_input, run_graph


def steps_of(model: str, exact: bool) -> np.ndarray:
    """The distance of every output value."""
    graph = load_model(find_model(model))
    exported = export_onnx(graph, exact)
    _, height, width, channels = graph.input.shape
    image = quantize_input(letterbox(load_photo(None), width, height, channels)[0])
    session = onnxruntime.InferenceSession(exported.data, providers=["CPUExecutionProvider"])
    results = session.run(None, {graph.input.name: image})
    expected = run_graph(exported.graph, image)
    names = exported.graph.outputs
    distances = [np.abs(expected[n].astype(int) - r).ravel() for n, r in zip(names, results, strict=True)]
    return np.concatenate(distances)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=["face-m4"])
    table = Table("model", "form", "values", "that differ", "by more than 1", "at most")
    for model in parser.parse_args().models:
        for exact in (False, True):
            steps = steps_of(model, exact)
            shares = [f"{100 * float((steps > n).mean()):.2f} %" for n in (0, 1)]
            table.add_row(model, "exact" if exact else "QDQ", f"{steps.size:,}", *shares, str(steps.max()))
    Console().print(table)


if __name__ == "__main__":
    main()
