"""mcu-vision export"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from mcu_vision.cli import options
from mcu_vision.cli.pipeline import find_model, load_model
from mcu_vision.errors import UserError
from mcu_vision.export.tflite import export_tflite
from mcu_vision.files import atomic_write, check_writable
from mcu_vision.ir import Graph, Tensor

FORMATS = ("tflite", "onnx")


@dataclass(frozen=True)
class _Exported:
    """data: the file. graph: what is in it. figures: of this format alone. notes: what is not as in the model."""

    data: bytes
    graph: Graph
    figures: dict[str, int]
    notes: list[str]


def export(
    model: Annotated[
        str,
        typer.Argument(help="A shipped model's name, the file of a saved quantised model, or an int8 .tflite file."),
    ],
    form: Annotated[str, typer.Option("--format", help="tflite or onnx.")] = "tflite",
    out: Annotated[Path | None, typer.Option(help="The file to write; by default MODEL.FORMAT here.")] = None,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact/--qdq",
            help="onnx: in integers, with equal bytes; or with scales, for fast kernels of runtimes, which drift.",
        ),
    ] = True,
    as_json: options.Json = False,
) -> None:
    """Write a quantised model as a file of another tool. A detector's file ends before boxes are decoded.

    tflite: equal bytes in TensorFlow Lite's reference interpreter; written without tensorflow.

    onnx: equal bytes in onnxruntime; with --qdq every operator may differ by one step, and a network by more; needs
    the extra `onnx`.

    Example: mcu-vision export face-m4 --format tflite --out face.tflite

    Example: mcu-vision export face-m4 --format onnx
    """
    options.check_choice(form, FORMATS, "--format")
    if not exact and form != "onnx":
        raise UserError("--qdq is for --format onnx; a .tflite file keeps its scales, and is exact")
    graph = load_model(find_model(model))
    path = out or Path(f"{graph.name}.{form}")
    check_writable(path)
    with options.progress_console().status(f"writing {path}"):
        exported = _export(graph, form, exact)
        atomic_write(path, exported.data)
    summary = _summarize(exported, form, path)
    if as_json:
        options.print_json(summary)
    else:
        _print(summary)


def _export(graph: Graph, form: str, exact: bool) -> _Exported:
    if form == "onnx":
        try:
            from mcu_vision.export.onnx import export_onnx
        except ImportError as error:
            raise UserError("--format onnx needs the package onnx: pip install 'mcu-vision[onnx]'") from error
        model = export_onnx(graph, exact)
        return _Exported(model.data, model.graph, {"operators": model.nodes}, model.notes)
    result = export_tflite(graph)
    figures = {"operators": result.operators, "composites": result.composites}
    return _Exported(result.data, result.graph, figures, result.notes)


def _summarize(exported: _Exported, form: str, path: Path) -> dict[str, Any]:
    graph = exported.graph
    return {
        "model": graph.name,
        "format": form,
        "out": str(path),
        "bytes": len(exported.data),
        **exported.figures,
        "inputs": [_describe(graph.tensors[name]) for name in graph.inputs],
        "outputs": [_describe(graph.tensors[name]) for name in graph.outputs],
        "notes": exported.notes,
    }


def _describe(tensor: Tensor) -> dict[str, Any]:
    scale, zero = tensor.quant.scale, tensor.quant.zero_point
    return {"name": tensor.name, "shape": list(tensor.shape), "type": tensor.dtype, "scale": scale, "zero_point": zero}


def _print(summary: dict[str, Any]) -> None:
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(f"model      {summary['model']}")
    console.print(f"file       {summary['out']}, {summary['bytes']:,} bytes")
    operators = f"{summary['operators']} operators"
    if summary.get("composites"):
        operators += f", of them {summary['composites']} composite"
        operators += "s" if summary["composites"] > 1 else ""
    console.print(f"holds      {operators}")
    for kind in ("inputs", "outputs"):
        for tensor in summary[kind]:
            shape = " x ".join(map(str, tensor["shape"]))
            quant = f"{tensor['scale']:.6g} * (q - {tensor['zero_point']})"
            console.print(f"{kind[:-1]:10} {tensor['name']}: {tensor['type']} {shape}, {quant}")
    for note in summary["notes"]:
        console.print(f"note       {note}")
