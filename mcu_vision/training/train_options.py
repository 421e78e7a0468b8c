"""The recipe of a training run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainOptions:
    """optimizer: "adamw" or "sgd" (momentum 0.9). minutes: limit that shortens the schedule.

    compile: torch.compile the recurrent layers. average_decay: of the averaged weights that are kept.
    precision: "32", "bf16" or "16" (mixed).
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
