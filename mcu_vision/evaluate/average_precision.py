"""Average precision of face detections, with ignore regions and ranges of face size.

Matching follows COCO (Lin et al. 2014, evaluation server): by falling score, each detection takes the
counted face that overlaps it most and is still free. Of the rest, a detection is dropped, neither right
nor wrong, if it matches a face that does not count or lies in an ignore region, or if its own size is
out of the range. The curve is interpolated at all points as in PASCAL VOC (2010 development kit, section
3.4.1) and WIDER FACE. Detections of equal score enter the curve together, so their order is of no effect:
quantised scores have many ties.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mcu_vision.evaluate.box_overlap import FloatArray, covered_fraction, intersection_over_union

Counts = npt.NDArray[np.int64]

IGNORED_COVERAGE = 0.5


@dataclass(frozen=True)
class SizeRange:
    """Faces that count: low <= height < high, in pixels of the model's frame (WIDER FACE bins by height too).

    A detection that finds no face is an error if its height is within the range widened by `margin`.
    """

    low: float = 0.0
    high: float = np.inf
    margin: float = 1.25

    def counts(self, heights: FloatArray) -> npt.NDArray[np.bool_]:
        """Which faces of these heights count."""
        return (heights >= self.low) & (heights < self.high)

    def blames(self, heights: FloatArray) -> npt.NDArray[np.bool_]:
        """Which unmatched detections of these heights are errors."""
        return (heights >= self.low / self.margin) & (heights < self.high * self.margin)


@dataclass(frozen=True)
class ScoredImage:
    """Detections and truth of one photo, boxes as x, y, width, height in its pixels.

    detections: (D, 5), the score last. faces: (F, 4). ignore: (I, 4). scale: frame pixels a photo pixel.
    subsets: which faces are in each of the data set's own subsets, (F,) by name.
    """

    detections: FloatArray
    faces: FloatArray
    ignore: FloatArray
    scale: float = 1.0
    source: str = ""
    subsets: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)


@dataclass(frozen=True)
class Matches:
    """Scores of the detections that count, whether each found a face (both (N,)), and the faces to find."""

    scores: FloatArray
    correct: npt.NDArray[np.bool_]
    faces: int


@dataclass(frozen=True)
class PrecisionRecall:
    """What is found if all detections down to each of the distinct, falling `scores` (K,) are taken.

    right, wrong: detections so far (K,). faces: those to find.
    """

    scores: FloatArray
    right: Counts
    wrong: Counts
    faces: int

    @property
    def precision(self) -> FloatArray:
        """Share of the detections that are right (K,)."""
        return np.asarray(self.right / (self.right + self.wrong))

    @property
    def recall(self) -> FloatArray:
        """Share of the faces that are found (K,)."""
        return np.asarray(self.right / max(self.faces, 1))

    @property
    def average_precision(self) -> float:
        """Area under the interpolated curve, in [0, 1]; NaN if there is no face to find."""
        if self.faces == 0:
            return float("nan")
        envelope = np.maximum.accumulate(self.precision[::-1])[::-1]
        return float(np.sum(np.diff(self.recall, prepend=0.0) * envelope))

    def counts_at(self, score: float) -> tuple[int, int]:
        """How many detections of at least `score` are right, and how many wrong."""
        taken = int(np.count_nonzero(self.scores >= score))
        return (int(self.right[taken - 1]), int(self.wrong[taken - 1])) if taken else (0, 0)


def match_detections(image: ScoredImage, sizes: SizeRange, iou_threshold: float) -> Matches:
    """Which detections of one photo are right, which wrong; the others are left out."""
    detections = image.detections[np.argsort(-image.detections[:, 4], kind="stable")]
    counted = sizes.counts(image.faces[:, 3] * image.scale)
    hits = intersection_over_union(detections, image.faces)
    hits[hits < iou_threshold] = 0.0
    correct = _assign(hits[:, counted])
    excused = hits[:, ~counted].any(axis=1) | ~sizes.blames(detections[:, 3] * image.scale)
    excused |= (covered_fraction(detections, image.ignore) >= IGNORED_COVERAGE).any(axis=1)
    kept = correct | ~excused
    return Matches(detections[kept, 4], correct[kept], int(counted.sum()))


def _assign(hits: FloatArray) -> npt.NDArray[np.bool_]:
    """Give each detection (row, best first) the free face (column) of most overlap; True where it got one."""
    free = hits.copy()
    correct = np.zeros(len(hits), np.bool_)
    if hits.shape[1] == 0:
        return correct
    for row in range(len(hits)):
        face = int(np.argmax(free[row]))
        correct[row] = free[row, face] > 0
        if correct[row]:
            free[:, face] = 0.0
    return correct


def precision_recall(
    images: Iterable[ScoredImage], iou_threshold: float, sizes: SizeRange | None = None
) -> PrecisionRecall:
    """The curve over all detections of `images`; faces of every size count if `sizes` is None."""
    return join_matches([match_detections(image, sizes or SizeRange(), iou_threshold) for image in images])


def join_matches(matches: Sequence[Matches]) -> PrecisionRecall:
    """The curve of all photos' matches together."""
    scores = np.concatenate([m.scores for m in matches] or [np.zeros(0)])
    correct = np.concatenate([m.correct for m in matches] or [np.zeros(0, np.bool_)])
    faces = sum(m.faces for m in matches)
    order = np.argsort(-scores, kind="stable")
    scores, right = scores[order], np.cumsum(correct[order])
    last_of_tie = np.flatnonzero(np.diff(scores, append=-np.inf))
    right = right[last_of_tie]
    return PrecisionRecall(scores[last_of_tie], right, last_of_tie + 1 - right, faces)
