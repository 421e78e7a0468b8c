"""The recipe of a training run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainOptions:
    """What is learned how.

    optimizer: "adamw" or "sgd" (momentum 0.9). minutes: limit that shortens the schedule.

    compile: torch.compile the recurrent layers. average_decay: of the averaged weights that are kept.
    precision: "32", "bf16" or "16" (mixed). quantization_aware: weights and maps are rounded to int8 in training.
    stem_until: part of the schedule in which the layers up to the first RNNPool learn. They are few but take half of
    the time: without them the rest learns from more images.
    """

    epochs: int = 50
    batch: int = 16
    optimizer: str = "adamw"
    lr: float = 3e-3
    weight_decay: float = 0.01
    warmup_epochs: float = 1.0
    clip_norm: float = 10.0
    average_decay: float = 0.998
    seed: int = 0
    workers: int = 1
    minutes: float | None = None
    compile: bool = False
    precision: str = "32"
    quantization_aware: bool = False
    stem_until: float = 1.0
