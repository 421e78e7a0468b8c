"""Short trainings of detectors under equal budgets, for the tables of the light detectors."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from mcu_vision.cli.train_detector import FaceValidator
from mcu_vision.data.augment import AugmentOptions
from mcu_vision.data.face_sample import FaceSample
from mcu_vision.data.image_cache import build_image_cache
from mcu_vision.frontends.detector import attach_detector
from mcu_vision.frontends.torch_export import export_graph
from mcu_vision.ir import Graph
from mcu_vision.models.detector import Detector
from mcu_vision.models.weights_file import load_weights
from mcu_vision.training.detection_dataset import DetectionFrames, FrameOptions
from mcu_vision.training.detection_task import LOSSES, DetectionTask
from mcu_vision.training.processes import join_processes
from mcu_vision.training.train_options import TrainOptions
from mcu_vision.training.trainer import Trainer

SCALE_MARGIN = 1.15
"""Longer sides of the decoded photos, times the frame's, so that crops do not enlarge at once."""


@dataclass(frozen=True)
class Budget:
    """epochs passes of `steps` batches of `batch` frames; the learning rate falls as a cosine over all.

    precision: "32", or "bf16" (mixed).
    """

    epochs: int = 20
    steps: int = 20
    batch: int = 16
    lr: float = 3e-3
    precision: str = "32"

    @property
    def frames(self) -> int:
        """That are seen in all."""
        return self.epochs * self.steps * self.batch


def float_graph(model: Detector, name: str) -> Graph:
    """The trained detector as `evaluate` executes it."""
    spec = model.spec
    graph = export_graph(model.cpu().eval(), torch.zeros(1, spec.channels, spec.height, spec.width), name)
    return attach_detector(graph, spec)


def train_detector(
    model: Detector,
    loss: str,
    train: Sequence[FaceSample],
    validation: Sequence[FaceSample],
    budget: Budget,
    out: Path,
    cache: Path,
    augment: AugmentOptions | None = None,
    face_share: float = 0.8,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Train in this process on one thread; figures after each pass. The best weights are in `out` and in the model.

    Without `validation` the last weights are the best. A run that `out` already holds whole is not repeated; one that
    was cut off goes on from its last pass.
    """
    metrics = out / "metrics.jsonl"
    if not metrics.is_file() or len(metrics.read_text().splitlines()) < budget.epochs:
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        spec = model.spec
        pixels = build_image_cache(train, spec.channels, round(SCALE_MARGIN * max(spec.width, spec.height)), cache)
        chosen = FrameOptions(face_share=face_share)
        frames = DetectionFrames(train, pixels, spec, budget.batch, budget.steps, seed, augment, chosen)
        options = TrainOptions(epochs=budget.epochs, batch=budget.batch, lr=budget.lr, workers=0, seed=seed)
        validate = FaceValidator(list(validation), spec, budget.batch) if validation else None
        task = DetectionTask(LOSSES[loss](spec))
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        fabric = join_processes(budget.precision)
        trainer = Trainer(model, task, frames, options, out, validate, {"loss": loss}, fabric)
        if (out / "checkpoint.pt").is_file():
            trainer.resume()
        trainer.run(Console(stderr=True))
    load_weights(out / "best.safetensors", model)
    return [json.loads(line) for line in metrics.read_text().splitlines()]
