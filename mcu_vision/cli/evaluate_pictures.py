"""Pictures of an evaluation: precision-recall curves, and contact sheets of the worst mistakes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from mcu_vision.data.face_sample import FaceSample
from mcu_vision.data.wake_word_sample import WakeWordSample
from mcu_vision.evaluate.average_precision import ScoredImage, SizeRange, match_detections
from mcu_vision.evaluate.draw import contact_sheet, draw_boxes
from mcu_vision.evaluate.face_accuracy import DEFAULT_IOU_THRESHOLD, IOU_THRESHOLDS, SIZE_RANGES, curve_of
from mcu_vision.files import atomic_write
from mcu_vision.report.png import to_png
from mcu_vision.report.precision_recall_picture import draw_precision_recall

CURVE_SIZES = ("8-16", "16-32", "32-64", ">=32", "all")
SHEET = 16
SMALLEST_MISS = SizeRange(16.0)
"""Faces below are not counted as misses on the sheet: it would show crowds alone."""


def write_face_pictures(
    model: str,
    execution: str,
    samples: Sequence[FaceSample],
    photos: Sequence[ScoredImage],
    threshold: float,
    out: Path,
) -> list[str]:
    """Curves of each source, and the photos with most mistakes at the threshold; returns the files' paths."""
    written = []
    for source in sorted({p.source for p in photos if len(p.faces)}):
        chosen = [p for p in photos if p.source == source]
        curves = {}
        for size in CURVE_SIZES:
            curve = curve_of(chosen, source, size)
            if curve.faces:
                label = "all sizes" if size == "all" else f"{size} px"
                name = f"{label}: AP {curve.average_precision:.3f} of {curve.faces}"
                curves[name] = list(zip(curve.recall.tolist(), curve.precision.tolist(), strict=True))
        iou = IOU_THRESHOLDS.get(source, DEFAULT_IOU_THRESHOLD)
        drawing = draw_precision_recall(f"{model}, {execution}: {source}, IoU {iou}", curves)
        path = out / f"{model}.{execution}.{source}.curves.png"
        atomic_write(path, to_png(drawing))
        written.append(str(path))
    worst = sorted(range(len(photos)), key=lambda i: -_mistakes(photos[i], threshold))[:SHEET]
    worst = [i for i in worst if _mistakes(photos[i], threshold)]
    if worst:
        pictures = [_draw_photo(samples[i], photos[i], threshold) for i in worst]
        written.append(_save(contact_sheet(pictures), out / f"{model}.{execution}.worst.png"))
    return written


def _mistakes(photo: ScoredImage, threshold: float) -> int:
    """Faces of some size that are missed, and wrong boxes, at the threshold."""
    shown = photo.detections[photo.detections[:, 4] >= threshold]
    cut = ScoredImage(shown, photo.faces, photo.ignore, photo.scale, photo.source)
    iou = IOU_THRESHOLDS.get(photo.source, DEFAULT_IOU_THRESHOLD)
    large, every = match_detections(cut, SMALLEST_MISS, iou), match_detections(cut, SIZE_RANGES["all"], iou)
    return int(large.faces - large.correct.sum() + (~every.correct).sum())


def _draw_photo(sample: FaceSample, photo: ScoredImage, threshold: float) -> Image.Image:
    shown = photo.detections[photo.detections[:, 4] >= threshold]
    return draw_boxes(sample.read_image(), shown, photo.faces)


def write_wake_word_sheet(
    model: str,
    execution: str,
    samples: Sequence[WakeWordSample],
    scores: npt.NDArray[np.float64],
    threshold: float,
    out: Path,
) -> list[str]:
    """The photos on the wrong side of the threshold that lie farthest from it; returns the file's path."""
    labels = np.array([s.label for s in samples])
    wrong = np.flatnonzero((scores >= threshold) != (labels == 1))
    worst = wrong[np.argsort(-np.abs(scores[wrong] - threshold), kind="stable")][: 2 * SHEET]
    if not len(worst):
        return []
    pictures = [_caption(samples[i], float(scores[i])) for i in worst]
    return [_save(contact_sheet(pictures, 8, (180, 180)), out / f"{model}.{execution}.worst.png")]


def _caption(sample: WakeWordSample, score: float) -> Image.Image:
    picture = sample.read_image().convert("RGB").resize((176, 176))
    draw = ImageDraw.Draw(picture)
    text = f"{'person' if sample.label else 'no person'}: {score:.2f} ({sample.source})"
    draw.rectangle((0, 160, 176, 176), fill=(0, 0, 0))
    draw.text((3, 161), text, fill=(255, 255, 255), font=ImageFont.load_default(11))
    return picture


def _save(picture: Image.Image, path: Path) -> str:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    atomic_write(path, stream.getvalue())
    return str(path)
