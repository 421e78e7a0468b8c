"""Joins data, model, training and evaluation of a face detector. Imports torch."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from torch import nn

from mcu_vision.data.face_folder import read_face_folder
from mcu_vision.data.face_sample import FaceSample
from mcu_vision.data.image_cache import build_image_cache
from mcu_vision.data.letterbox import letterbox
from mcu_vision.errors import UserError
from mcu_vision.evaluate.average_precision import ScoredImage, SizeRange, precision_recall
from mcu_vision.models.anchors import detect
from mcu_vision.models.detector import Detector
from mcu_vision.models.detector_spec import DetectorSpec
from mcu_vision.models.registry import MODELS, build_model
from mcu_vision.training.detection_dataset import DetectionFrames, FrameOptions
from mcu_vision.training.detection_task import LOSSES, DetectionTask
from mcu_vision.training.processes import join_processes
from mcu_vision.training.quantization_aware import QuantizationAwareTask
from mcu_vision.training.train_options import TrainOptions
from mcu_vision.training.trainer import Task, Trainer

IOU_THRESHOLD = 0.4
LOWEST_SCORE = 0.02
SIZES = {"ap": SizeRange(), "ap_16_64": SizeRange(16, 64), "ap_64": SizeRange(64)}


class FaceValidator:
    """Average precision of a detector on letterboxed photos, at IoU 0.4, over all faces and by height.

    Figures: "ap", "ap_16_64" and "ap_64" (height in frame pixels), and "score", the mean of the first two,
    which chooses the best weights.
    """

    def __init__(self, samples: list[FaceSample], spec: DetectorSpec, batch: int) -> None:
        self.samples, self.spec, self.batch = samples, spec, batch
        frames = [letterbox(s.read_image(), spec.width, spec.height, spec.channels) for s in samples]
        self._images = torch.from_numpy(np.stack([f[0].transpose(2, 0, 1) for f in frames]))
        self._places = [f[1:] for f in frames]

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> dict[str, float]:
        model.eval()
        scored = []
        for start in range(0, len(self.samples), self.batch):
            maps = [m.numpy() for m in model(self._images[start : start + self.batch].float() / 255)]
            for index in range(len(maps[0])):
                boxes, scores = detect([m[index] for m in maps], self.spec, LOWEST_SCORE)
                scored.append(self._scored_image(start + index, boxes, scores))
        figures = {name: precision_recall(scored, IOU_THRESHOLD, s).average_precision for name, s in SIZES.items()}
        figures = {name: float(np.nan_to_num(value)) for name, value in figures.items()}
        return figures | {"score": (figures["ap"] + figures["ap_16_64"]) / 2}

    def _scored_image(self, index: int, boxes: np.ndarray, scores: np.ndarray) -> ScoredImage:
        scale, offset_x, offset_y = self._places[index]
        corners = (boxes - np.array([offset_x, offset_y] * 2, np.float32)) / scale
        sides = corners[:, 2:] - corners[:, :2]
        detections = np.concatenate([corners[:, :2], sides, scores[:, None]], axis=1)
        sample = self.samples[index]
        faces, ignore = sample.boxes.astype(np.float64), sample.ignore.astype(np.float64)
        return ScoredImage(detections.astype(np.float64), faces, ignore, scale, sample.source)


def train_face_detector(
    name: str,
    data: Path,
    out: Path,
    options: TrainOptions,
    frame_options: FrameOptions,
    cache: Path | None,
    start: Path | None,
    resume: bool,
    loss: str = "separate",
    start_shared: bool = False,
) -> dict[str, Any]:
    """Train the detector `name` on the data set in `data`; returns the last epoch's figures.

    start: weights to go on from; start_shared: only in the layers that both models have. loss: one of LOSSES. Raises
    UserError if the model is no detector, the weights do not fit, the data cannot be read or lacks a named source.
    """
    torch.manual_seed(options.seed)
    model = build_model(name, start, options.seed, start_shared)
    if not isinstance(model, Detector):
        names = ", ".join(n for n in MODELS if "face" in n or "det" in n)
        raise UserError(f"{name!r} is no detector; train one of {names}")
    if (out / "metrics.jsonl").exists() and not resume:
        raise UserError(f"{out} holds an earlier run; add --resume, or choose another --out")
    spec = model.spec
    train, validation = read_face_folder(data)
    sources = sorted({s.source for s in train})
    for source in frame_options.source_weights:
        if source not in sources:
            raise UserError(f"no training photo is of the source {source!r}; the sources are {', '.join(sources)}")
    pixels = build_image_cache(train, spec.channels, round(1.15 * max(spec.width, spec.height)), cache)
    batches = max(1, len(train) // options.batch)
    frames = DetectionFrames(train, pixels, spec, options.batch, batches, options.seed, options=frame_options)
    metadata = {
        "model": name,
        "loss": loss,
        "data": f"{len(train)} training and {len(validation)} validation photos",
        "sources": sources,
        "frames": asdict(frame_options),
    }
    validate = FaceValidator(validation, spec, options.batch) if validation else None
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    task: Task = DetectionTask(LOSSES[loss](spec))
    if options.quantization_aware:
        task = QuantizationAwareTask(task, model)
    trainer = Trainer(model, task, frames, options, out, validate, metadata, join_processes(options.precision))
    if resume:
        trainer.resume()
    return trainer.run(Console(stderr=True))
