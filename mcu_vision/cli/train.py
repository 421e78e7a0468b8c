"""mcu-vision train"""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mcu_vision.cli import options
from mcu_vision.errors import UserError


def train(
    model: Annotated[str, typer.Argument(help="A detector's name: face-m4, face-quant, face-a, face-b or face-c.")],
    data: Annotated[
        Path,
        typer.Option(help="Folder of a face data set: train.jsonl with train.zip, WIDER FACE, or SCUT-HEAD."),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for weights, checkpoints and metrics; by default runs/MODEL.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, metavar="N", help="Passes over the training photos.")] = 50,
    batch: Annotated[int, typer.Option(min=1, metavar="N", help="Frames a step.")] = 16,
    lr: Annotated[float, typer.Option(help="Highest learning rate; it warms up, then falls as a cosine.")] = 3e-3,
    optimizer: Annotated[str, typer.Option(help="adamw, or sgd with momentum 0.9 (the papers': --lr 0.01).")] = "adamw",
    minutes: Annotated[
        float | None, typer.Option(help="End the schedule after this time if the epochs would take longer.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of weights and augmentation.")] = 0,
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps the decoded photos between runs.")] = None,
    compile: Annotated[
        bool, typer.Option("--compile", help="Compile the recurrent layers (needs a C++ compiler; faster).")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in the out folder.")] = False,
    as_json: options.Json = False,
) -> None:
    """Train a face detector; needs the extra `train`.

    Writes best.safetensors, checkpoint.pt and metrics.jsonl into the out folder.

    Example: mcu-vision train face-m4 --data faces/ --epochs 50 --out runs/face-m4
    """
    options.check_choice(optimizer, ("adamw", "sgd"), "--optimizer")
    # Spinning OpenMP threads take the CPU from the process that augments, and from everything else.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from mcu_vision.cli.train_detector import train_face_detector
        from mcu_vision.training.train_options import TrainOptions
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise UserError("training needs PyTorch: pip install 'mcu-vision[train]'") from error
    chosen = TrainOptions(
        epochs=epochs, batch=batch, optimizer=optimizer, lr=lr, minutes=minutes, seed=seed, compile=compile
    )
    result = train_face_detector(model, data, out or Path("runs") / model, chosen, cache, resume)
    if as_json:
        options.print_json(result)
    else:
        Console().print(
            f"{result['weights']}: {model}, best score {result['best_score']:.3f} of {result['epoch']} epochs"
        )
