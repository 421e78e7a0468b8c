"""mcu-vision quantize"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from rich.console import Console
from rich.progress import track

from mcu_vision.cli import options
from mcu_vision.cli.photos import find_photos, load_photo
from mcu_vision.cli.torch_models import export_model, parse_size
from mcu_vision.data.letterbox import letterbox
from mcu_vision.errors import UserError
from mcu_vision.files import check_writable
from mcu_vision.ir import Graph
from mcu_vision.quantize import METHODS, quantize_graph
from mcu_vision.reference import normalize_input
from mcu_vision.saved_model import save_graph


def quantize(
    model: Annotated[
        str,
        typer.Argument(
            help="A model's name, e.g. face-m4, a network's .toml, or FILE.py:FACTORY, which makes your own nn.Module."
        ),
    ],
    calibrate: Annotated[Path, typer.Option(help="Folder of photos like those that the camera will see.")],
    out: Annotated[Path, typer.Option(help="The saved quantised model to write.")],
    weights: Annotated[
        Path | None,
        typer.Option(help="Trained float weights (safetensors); without, the shipped ones if any, else random."),
    ] = None,
    input_size: Annotated[
        str | None,
        typer.Option("--input", metavar="WxHxC", help="Size of the input, e.g. 96x96x3; by default the model's own."),
    ] = None,
    method: Annotated[str, typer.Option(help="Choice of ranges: mse, greedy, percentile or min-max.")] = "mse",
    equalize: Annotated[
        bool, typer.Option("--equalize", help="Even out channels between layers first (not across ReLU6).")
    ] = False,
    correct_bias: Annotated[
        bool, typer.Option("--correct-bias", help="Take each channel's mean error on 32 photos out of its bias.")
    ] = False,
    per_tensor: Annotated[
        bool, typer.Option("--per-tensor", help="One scale for all weights of a layer in place of one a channel.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="Calibrate on at most this many photos.")] = 100,
    as_json: options.Json = False,
) -> None:
    """Quantise a trained PyTorch model to int8, calibrated on photos; needs the extra `train`.

    Example: mcu-vision quantize face-m4 --calibrate photos/ --out face.int8.safetensors

    Example: mcu-vision quantize net.py:Net --input 96x96x3 --calibrate photos/ --out net.int8.safetensors
    """
    options.check_choice(method, tuple(METHODS), "--method")
    size = parse_size(input_size) if input_size else None
    check_writable(out)
    chosen = _choose_photos(calibrate, limit)
    console = options.progress_console()
    with console.status(f"exporting {model}"):
        graph = export_model(model, weights, size)
    if graph.metadata.get("weights") == "random":
        remark = f"remark: {graph.name} ships without trained weights: these are random ones; add --weights"
        console.print(remark, soft_wrap=True)
    _, height, width, channels = graph.input.shape

    def images() -> Iterator[npt.NDArray[np.float32]]:
        for path in track(chosen, "calibrating", console=console, transient=True, disable=not console.is_terminal):
            yield normalize_input(letterbox(load_photo(path), width, height, channels)[0])

    quantized = quantize_graph(graph, images(), method, equalize, correct_bias, not per_tensor)
    save_graph(quantized, out)
    summary = _summarize(quantized, out, len(chosen))
    if as_json:
        options.print_json(summary)
    else:
        _print(summary)


def _choose_photos(folder: Path, limit: int) -> list[Path]:
    """At most `limit` photos, spread over the folder."""
    paths = find_photos(folder)
    if not paths:
        raise UserError(f"no photos in {folder}: give a folder of JPEG, PNG or WebP files")
    return paths[:: max(1, len(paths) // limit)][:limit]


def _summarize(graph: Graph, out: Path, images: int) -> dict[str, Any]:
    _, height, width, channels = graph.input.shape
    return {
        "model": graph.name,
        "out": str(out),
        "input": [width, height, channels],
        "macs": graph.macs(),
        "weights_bytes": sum(t.size_bytes for t in graph.tensors.values() if t.data is not None),
        "weights": graph.metadata.get("weights", "given"),
        "images": images,
    }


def _print(summary: dict[str, Any]) -> None:
    console = Console(soft_wrap=True, highlight=False, markup=False)
    size = " x ".join(map(str, summary["input"]))
    console.print(f"model    {summary['model']}, int8, calibrated on {summary['images']} photos")
    console.print(f"input    {size}")
    console.print(f"work     {summary['macs']:,} multiply-accumulates")
    console.print(f"weights  {summary['weights_bytes']:,} bytes")
    console.print(f"file     {summary['out']}")
    console.print(f"next     mcu-vision build --model {summary['out']}")
