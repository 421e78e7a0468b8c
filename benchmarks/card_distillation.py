"""Data distillation of the card detector: a heavy teacher labels pictures that a light student learns from.

A few easy pictures have labels, many hard ones have none, as where labels are dear. The teacher and a first student
learn from the few. The teacher then labels the many (`mcu-vision label`), and a second student, with the first one's
budget, learns from both. All are measured on the same test pictures. Everything is kept in the folder of the run,
so that one that was cut off goes on.
"""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from detector_training import Budget, float_graph, train_detector

from mcu_vision.cli.evaluate_faces import read_test_faces, score_faces
from mcu_vision.data.face_sample import FaceSample
from mcu_vision.data.shared_faces import read_shared_faces
from mcu_vision.evaluate.average_precision import ScoredImage, precision_recall
from mcu_vision.ir import Graph
from mcu_vision.models import card_det
from mcu_vision.models.detector import Detector

LABELLED, UNLABELLED, TEST = 300, 1000, 400
LABELLED_TIMES = 3
"""How often the labelled pictures stand beside the teacher's, so that they are not lost among these."""
MIN_SCORE = "0.9"
"""Of the teacher's labels, chosen on other pictures: separate losses make it sure even of what is no card."""
TEACHER = Budget(epochs=8, steps=120, lr=2e-3)
STUDENT = Budget(epochs=10, steps=150)
IOU_THRESHOLDS = (0.5, 0.75)


def distil(folder: Path) -> dict[str, Any]:
    """Draw, train, label, train and measure; average precision by network, source of the pictures and IoU."""
    cards, labelled, cache = folder / "cards", folder / "labelled", folder / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    if not cards.is_dir():
        counts = ("--train", str(LABELLED), "--unlabelled", str(UNLABELLED), "--test", str(TEST))
        _run_verb("cards", "--out", str(cards), *counts)
    few = read_shared_faces(cards, "train")
    heavy = _train(card_det.card_teacher, "separate", few, TEACHER, folder / "teacher", cache)
    alone = _train(card_det.card_det, "fused", few, STUDENT, folder / "alone", cache)
    if not labelled.is_dir():
        weights = folder / "teacher" / "best.safetensors"
        network = f"{card_det.__file__}:card_teacher"
        teacher = ("--teacher", network, "--weights", str(weights), "--min-score", MIN_SCORE)
        _run_verb("label", str(cards / "unlabelled"), *teacher, "--out", str(labelled))
    pseudo = read_shared_faces(labelled, "train")
    distilled = _train(card_det.card_det, "fused", few * LABELLED_TIMES + pseudo, STUDENT, folder / "distilled", cache)
    test = read_test_faces(cards)
    models = {"teacher": heavy, "alone": alone, "distilled": distilled}
    return {
        "labelled": len(few),
        "unlabelled": len(pseudo),
        "test": len(test),
        "boxes_of_teacher": sum(len(sample.boxes) for sample in pseudo),
        "ignored_of_teacher": sum(len(sample.ignore) for sample in pseudo),
        "frames": {"teacher": TEACHER.frames, "student": STUDENT.frames},
        "average_precision": {name: measure(float_graph(m, name), test) for name, m in models.items()},
    }


def measure(graph: Graph, test: Sequence[FaceSample]) -> dict[str, dict[str, float]]:
    """Average precision by source of the pictures, "all" among them, and IoU."""
    photos, _ = score_faces("int8" if graph.quantized else "float", graph, test, workers=1)
    sources = sorted({photo.source for photo in photos})
    parts = {source: [p for p in photos if p.source == source] for source in sources} | {"all": photos}
    return {name: _precisions(part) for name, part in parts.items()}


def _precisions(photos: Sequence[ScoredImage]) -> dict[str, float]:
    return {str(iou): round(precision_recall(photos, iou).average_precision, 4) for iou in IOU_THRESHOLDS}


def _train(
    make: Callable[[], Detector], loss: str, samples: Sequence[FaceSample], budget: Budget, out: Path, cache: Path
) -> Detector:
    torch.manual_seed(0)
    model = make()
    train_detector(model, loss, samples, [], budget, out, cache)
    return model


def _run_verb(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "mcu_vision", *arguments], check=True)
