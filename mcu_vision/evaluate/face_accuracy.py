"""Accuracy of a face detector on annotated photos: by source of the photos and by size of the faces."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np

from mcu_vision.data.face_sample import FaceSample
from mcu_vision.evaluate.average_precision import PrecisionRecall, ScoredImage, SizeRange, precision_recall
from mcu_vision.evaluate.coco_average import coco_average_precision
from mcu_vision.evaluate.detector import RunDetector, detect_boxes
from mcu_vision.evaluate.wider_protocol import wider_precision_recall

SIZE_RANGES = {
    "8-16": SizeRange(8, 16),
    "16-32": SizeRange(16, 32),
    "32-64": SizeRange(32, 64),
    "8-64": SizeRange(8, 64),
    "16-64": SizeRange(16, 64),
    ">=8": SizeRange(8),
    ">=16": SizeRange(16),
    ">=32": SizeRange(32),
    "all": SizeRange(),
}
"""Face heights in pixels of the letterboxed frame."""

IOU_THRESHOLDS = {"fddb": 0.4}
"""FDDB's boxes enclose ellipses, forehead included, so they are matched more loosely than the others."""

DEFAULT_IOU_THRESHOLD = 0.5

Frame = tuple[int, int, int]
"""Width, height and channels of a model's input."""


@dataclass(frozen=True)
class FaceAccuracy:
    """Figures of one source and size range; precision and recall are those at `score_threshold`.

    average_precision, precision, recall: in [0, 1], None where there is no face, or no box, to judge.
    size: a range of SIZE_RANGES, or a subset of the data set's own (WIDER FACE's easy, medium, hard).
    errors_per_photo: boxes of at least `score_threshold` that are wrong. coco_average_precision: over overlaps from 0.5
    to 0.95, for all sizes only.
    """

    source: str
    size: str
    iou_threshold: float
    photos: int
    faces: int
    average_precision: float | None
    score_threshold: float
    precision: float | None
    recall: float | None
    errors_per_photo: float
    coco_average_precision: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def measure_accuracy(images: Sequence[ScoredImage], score_threshold: float = 0.5) -> list[FaceAccuracy]:
    """Figures by source and size range, or subset; a source without faces has one entry, of all sizes."""
    results = []
    for source in sorted({image.source for image in images}):
        chosen = [image for image in images if image.source == source]
        has_faces = any(len(image.faces) for image in chosen)
        for size in SIZE_RANGES if has_faces else ("all",):
            figures = _summarize(curve_of(chosen, source, size), source, size, len(chosen), score_threshold)
            if size == "all":
                figures = replace(figures, coco_average_precision=coco_average_precision(chosen))
            results.append(figures)
        for subset in chosen[0].subsets:
            curve = wider_precision_recall(chosen, subset)
            results.append(_summarize(curve, source, subset, len(chosen), score_threshold))
    return results


def curve_of(images: Sequence[ScoredImage], source: str, size: str) -> PrecisionRecall:
    """Precision and recall over photos of one source, for the faces of a range named in SIZE_RANGES."""
    return precision_recall(images, IOU_THRESHOLDS.get(source, DEFAULT_IOU_THRESHOLD), SIZE_RANGES[size])


def _summarize(curve: PrecisionRecall, source: str, size: str, photos: int, score_threshold: float) -> FaceAccuracy:
    right, wrong = curve.counts_at(score_threshold)
    return FaceAccuracy(
        source=source,
        size=size,
        iou_threshold=IOU_THRESHOLDS.get(source, DEFAULT_IOU_THRESHOLD),
        photos=photos,
        faces=curve.faces,
        average_precision=curve.average_precision if curve.faces else None,
        score_threshold=score_threshold,
        precision=right / (right + wrong) if curve.faces and right + wrong else None,
        recall=right / curve.faces if curve.faces else None,
        errors_per_photo=wrong / photos,
    )


def score_photo(run: RunDetector, frame: Frame, sample: FaceSample) -> ScoredImage:
    """Detect faces in one annotated photo."""
    image = sample.read_image()
    width, height, channels = frame
    return ScoredImage(
        detections=detect_boxes(run, image, width, height, channels),
        faces=sample.boxes.astype(np.float64),
        ignore=sample.ignore.astype(np.float64),
        scale=min(width / image.width, height / image.height),
        source=sample.source,
        subsets=sample.subsets,
    )


def score_photos(
    samples: Sequence[FaceSample], make_run: Callable[[], RunDetector], frame: Frame, workers: int = 1
) -> Iterator[ScoredImage]:
    """`score_photo` of each sample, in order, in `workers` processes.

    make_run: called once in each process, so it must be picklable: a module's function, or a partial of one.
    """
    if workers == 1:
        yield from map(partial(score_photo, make_run(), frame), samples)
        return
    # Forking a process that holds threads (BLAS, torch) may deadlock.
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, _start_worker, (make_run, frame)) as pool:
        yield from pool.map(_score_in_worker, samples, chunksize=2)


_worker_score: Callable[[FaceSample], ScoredImage]


def _start_worker(make_run: Callable[[], RunDetector], frame: Frame) -> None:
    global _worker_score
    _worker_score = partial(score_photo, make_run(), frame)


def _score_in_worker(sample: FaceSample) -> ScoredImage:
    return _worker_score(sample)
