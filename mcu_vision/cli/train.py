"""mcu-vision train"""

import os
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mcu_vision.cli import options
from mcu_vision.errors import UserError

SMALLEST_FRAME = 64
"""Four photos side by side, the most in a frame, have 16 pixels each then."""


def train(
    model: Annotated[
        str,
        typer.Argument(help="A model's name: face-m4, vww-rnnpool or another of docs/models.md; or a network's .toml."),
    ],
    data: Annotated[
        Path,
        typer.Option(
            help="Folder of a face data set (train.jsonl with train.zip, WIDER FACE, or SCUT-HEAD), "
            "or of a wake-word data set (train.csv with zip files)."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for weights, checkpoints and metrics; by default runs/MODEL.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, metavar="N", help="Passes over the training photos.")] = 50,
    batch: Annotated[int, typer.Option(min=1, metavar="N", help="Frames a step.")] = 16,
    lr: Annotated[float, typer.Option(help="Highest learning rate; it warms up, then falls as a cosine.")] = 3e-3,
    weight_decay: Annotated[float, typer.Option(min=0, help="Of matrices and filters, not of biases.")] = 0.01,
    optimizer: Annotated[str, typer.Option(help="adamw, or sgd with momentum 0.9 (the papers': --lr 0.01).")] = "adamw",
    minutes: Annotated[
        float | None, typer.Option(help="End the schedule after this time if the epochs would take longer.")
    ] = None,
    input_size: Annotated[
        int | None,
        typer.Option("--input", min=32, metavar="N", help="Side of a classifier's input, in place of the model's own."),
    ] = None,
    teacher_weight: Annotated[
        float, typer.Option(min=0, max=1, help="Part of the teacher's probability in a classifier's target.")
    ] = 0.7,
    start: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights (safetensors) to go on from, in place of random ones."),
    ] = None,
    start_shared: Annotated[
        bool,
        typer.Option("--start-shared", help="--start names a related model's weights: take the layers in common."),
    ] = False,
    loss: Annotated[
        str,
        typer.Option(help="A detector's: separate for scores and boxes, or fused: scores learn their boxes' overlap."),
    ] = "separate",
    source_weight: Annotated[
        list[str] | None,
        typer.Option(metavar="SOURCE=W", help="Draw a detector's photos of SOURCE W times as often; may be repeated."),
    ] = None,
    mosaics_until: Annotated[
        float,
        typer.Option(min=0, max=1, help="Part of the schedule after which a detector's frames are whole photos."),
    ] = 1.0,
    frame: Annotated[
        str | None,
        typer.Option(
            metavar="WxH", help="Size of a detector's training frames; smaller ones than its input are faster."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of weights and augmentation.")] = 0,
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps the decoded photos between runs.")] = None,
    compile: Annotated[
        bool, typer.Option("--compile", help="Compile the recurrent layers (needs a C++ compiler; faster).")
    ] = False,
    precision: Annotated[
        str, typer.Option(help="32, or mixed: bf16 (GPUs, CPUs with AVX512-BF16 or AMX), 16 (GPUs).")
    ] = "32",
    stem_until: Annotated[
        float,
        typer.Option(min=0, max=1, help="Part of the schedule in which the layers up to the first RNNPool learn."),
    ] = 1.0,
    quantization_aware: Annotated[
        bool,
        typer.Option("--quantization-aware", help="Round weights and maps to int8 in training; best with --start."),
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in the out folder.")] = False,
    as_json: options.Json = False,
) -> None:
    """Train a face detector or a wake-word classifier; needs the extra `train`.

    Writes best.safetensors, checkpoint.pt and metrics.jsonl into the out folder. A classifier learns from the
    labels and from a teacher's probabilities, both columns of the data set.

    Example: mcu-vision train face-m4 --data faces/ --epochs 50 --out runs/face-m4

    Example: mcu-vision train card-det --data cards/ --loss fused

    Example: mcu-vision train face-m4-wide --data faces/ --start face-m4.safetensors --start-shared

    Example: mcu-vision train vww-rnnpool --data vww/ --batch 64 --minutes 60 --out runs/vww

    Several processes, GPUs or hosts: torchrun --nproc-per-node 2 -m mcu_vision train ... (docs/training.md)
    """
    options.check_choice(precision, ("32", "bf16", "16"), "--precision")
    options.check_choice(optimizer, ("adamw", "sgd"), "--optimizer")
    options.check_choice(loss, ("separate", "fused"), "--loss")
    if start_shared and start is None:
        raise UserError("--start-shared needs --start: name the related model's weights")
    # Spinning OpenMP threads take the CPU from the process that augments, and from everything else.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from mcu_vision.cli.train_classifier import train_wake_word
        from mcu_vision.cli.train_detector import train_face_detector
        from mcu_vision.models.registry import is_detector
        from mcu_vision.training.detection_dataset import FrameOptions
        from mcu_vision.training.processes import is_first_process
        from mcu_vision.training.train_options import TrainOptions
        from mcu_vision.training.wake_word_dataset import WakeWordOptions
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "lightning_fabric"):
            raise
        raise UserError("training needs PyTorch: pip install 'mcu-vision[train]'") from error
    chosen = TrainOptions(
        epochs=epochs,
        batch=batch,
        optimizer=optimizer,
        lr=lr,
        weight_decay=weight_decay,
        minutes=minutes,
        seed=seed,
        compile=compile,
        precision=precision,
        quantization_aware=quantization_aware,
        stem_until=stem_until,
    )
    folder = out or Path("runs") / Path(model).stem
    if is_detector(model):
        frames = FrameOptions(
            source_weights=_parse_weights(source_weight or []),
            mosaics_until=mosaics_until,
            size=_parse_frame(frame) if frame else None,
        )
        result = train_face_detector(model, data, folder, chosen, frames, cache, start, resume, loss, start_shared)
    else:
        drawing = WakeWordOptions(teacher_weight=teacher_weight)
        result = train_wake_word(model, data, folder, chosen, drawing, input_size, cache, start, resume, start_shared)
    if not is_first_process():
        return
    if as_json:
        options.print_json(result)
    else:
        Console().print(
            f"{result['weights']}: {model}, best score {result['best_score']:.3f} of {result['epoch']} epochs"
        )


def _parse_weights(texts: list[str]) -> dict[str, float]:
    weights = {}
    for text in texts:
        match = re.fullmatch(r"(.+)=(\d+(?:\.\d+)?)", text)
        if match is None:
            raise UserError(f"--source-weight is SOURCE=W with a number, as in fddb=3, not {text!r}")
        weights[match[1]] = float(match[2])
    return weights


def _parse_frame(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    if min(width, height) < SMALLEST_FRAME:
        raise UserError(
            f"--frame is WIDTHxHEIGHT from {SMALLEST_FRAME}x{SMALLEST_FRAME} up, as in 320x256, not {text!r}"
        )
    return width, height
