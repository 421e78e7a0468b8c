"""Average precision as WIDER FACE's evaluation tools compute it, for its subsets easy, medium and hard.

Source: Yang et al., "WIDER FACE: A Face Detection Benchmark", CVPR 2016, section 4.2, and the data set's eval_tools.
It differs from `average_precision`: a detection belongs to the box that it overlaps most, and is dropped if that box is
not in the subset; corners are pixels that belong to a box; the curve has a thousand points of even scores.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mcu_vision.evaluate.average_precision import Matches, PrecisionRecall, ScoredImage, join_matches
from mcu_vision.evaluate.box_overlap import FloatArray, intersection_over_union

IOU_THRESHOLD = 0.5
POINTS = 1000


def match_wider(image: ScoredImage, counted: npt.NDArray[np.bool_]) -> Matches:
    """Which detections of one photo are right, which wrong, if the faces `counted` (F,) are to be found."""
    detections = image.detections[np.argsort(-image.detections[:, 4], kind="stable")]
    boxes = np.concatenate([image.faces, image.ignore])
    wanted = np.concatenate([counted, np.zeros(len(image.ignore), np.bool_)])
    overlaps = intersection_over_union(_with_last_pixel(detections), _with_last_pixel(boxes))
    found = np.zeros(len(boxes), np.bool_)
    correct, kept = np.zeros(len(detections), np.bool_), np.ones(len(detections), np.bool_)
    for row, overlap in enumerate(overlaps):
        box = int(np.argmax(overlap))
        if overlap[box] >= IOU_THRESHOLD:
            kept[row], correct[row] = wanted[box], wanted[box] and not found[box]
            found[box] = True
    return Matches(detections[kept, 4], correct[kept], int(counted.sum()))


def _with_last_pixel(boxes: FloatArray) -> FloatArray:
    return np.concatenate([boxes[:, :2], boxes[:, 2:4] + 1], axis=1)


def wider_precision_recall(images: Sequence[ScoredImage], subset: str) -> PrecisionRecall:
    """The curve of the photos that have boxes, for the faces in `subset`."""
    chosen = [image for image in images if subset in image.subsets and len(image.faces) + len(image.ignore)]
    curve = join_matches([match_wider(image, image.subsets[subset]) for image in chosen])
    scores = np.concatenate([image.detections[:, 4] for image in images] or [np.zeros(0)])
    if not len(scores) or not len(curve.scores):
        return curve
    highest, lowest = scores.max(), scores.min()
    thresholds = highest - (highest - lowest) * np.arange(1, POINTS + 1) / POINTS
    taken = np.searchsorted(-curve.scores, -thresholds, side="right")
    last = np.unique(taken[taken > 0]) - 1
    return PrecisionRecall(curve.scores[last], curve.right[last], curve.wrong[last], curve.faces)
