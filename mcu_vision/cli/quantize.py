"""mcu-vision quantize"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer
from rich.console import Console
from rich.progress import track

from mcu_vision.cli import options
from mcu_vision.cli.photos import find_photos, load_photo
from mcu_vision.data.letterbox import letterbox
from mcu_vision.errors import UserError
from mcu_vision.reference import normalize_input


def quantize(
    model: Annotated[str, typer.Argument(help="A model's name, e.g. face-m4 or vww-rnnpool.")],
    calibrate: Annotated[Path, typer.Option(help="Folder of photos like those that the camera will see.")],
    out: Annotated[Path, typer.Option(help="The saved quantised model to write.")],
    weights: Annotated[
        Path | None,
        typer.Option(help="Trained float weights (safetensors); without, the shipped ones if any, else random."),
    ] = None,
    method: Annotated[str, typer.Option(help="Choice of ranges: mse, percentile or min-max.")] = "mse",
    limit: Annotated[int, typer.Option(min=1, help="Calibrate on at most this many photos.")] = 100,
    as_json: options.Json = False,
) -> None:
    """Quantise a trained PyTorch model to int8, calibrated on photos; needs the extra `train`.

    Example: mcu-vision quantize face-m4 --weights best.safetensors --calibrate photos/ --out face.int8.safetensors
    """
    options.check_choice(method, ("mse", "percentile", "min-max"), "--method")
    from mcu_vision.cli.torch_models import export_model
    from mcu_vision.quantize import quantize_graph
    from mcu_vision.saved_model import save_graph

    paths = find_photos(calibrate)
    if not paths:
        raise UserError(f"no photos in {calibrate}: give a folder of JPEG, PNG or WebP files")
    step = max(1, len(paths) // limit)
    chosen = paths[::step][:limit]
    console = options.progress_console()
    graph = export_model(model, weights)
    _, height, width, channels = graph.input.shape

    def images() -> Iterator[npt.NDArray[np.float32]]:
        for path in track(chosen, "calibrating", console=console, transient=True):
            yield normalize_input(letterbox(load_photo(path), width, height, channels)[0])[None]

    quantized = quantize_graph(graph, images(), method)
    save_graph(quantized, out)
    if as_json:
        options.print_json({"model": model, "out": str(out), "macs": quantized.macs(), "images": len(chosen)})
    else:
        Console().print(f"{out}: {model}, int8, calibrated on {len(chosen)} photos; build it with --model {out}")
