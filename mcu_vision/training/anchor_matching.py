"""Which anchor learns which face: S3FD's matching with compensation for faces that get few anchors.

Source: Zhang et al., "S3FD: Single Shot Scale-invariant Face Detector", ICCV 2017, section 3.2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcu_vision.models.anchors import (
    FloatArray,
    anchor_corners,
    encode_boxes,
    pairwise_intersection,
    pairwise_iou,
)

IGNORED = -1
BACKGROUND = 0
FACE = 1


def match_anchors(
    boxes: FloatArray,
    ignore: FloatArray,
    anchors: FloatArray,
    variances: tuple[float, float],
    iou_threshold: float = 0.35,
    low_iou_threshold: float = 0.1,
) -> tuple[npt.NDArray[np.int8], FloatArray]:
    """Labels (A,) of IGNORED, BACKGROUND or FACE, and box targets (A, 4), zero where there is no face.

    boxes, ignore: (N, 4) corners in input pixels; anchors (A, 4) as of `make_anchors`. First every anchor
    with IoU over `iou_threshold` takes its best face. Then a face with fewer anchors than the average takes
    the best free ones over `low_iou_threshold` up to that average, and always its single best one. Anchors
    that lie by half or more in an ignored region are not trained, unless they are matched.
    """
    labels = np.zeros(len(anchors), np.int8)
    targets = np.zeros((len(anchors), 4), np.float32)
    squares = anchor_corners(anchors)
    if len(ignore):
        inside = pairwise_intersection(squares, ignore).max(axis=1) / (anchors[:, 2] * anchors[:, 3])
        labels[inside >= 0.5] = IGNORED
    if not len(boxes):
        return labels, targets
    iou = pairwise_iou(squares, boxes)
    owner = np.where(iou.max(axis=1) >= iou_threshold, iou.argmax(axis=1), -1)
    counts = np.bincount(owner[owner >= 0], minlength=len(boxes))
    average = max(1, round(float(counts.sum()) / len(boxes)))
    for face in np.argsort(counts, kind="stable"):
        if counts[face] >= average:
            break
        free = np.where(owner < 0, iou[:, face], 0.0)
        best = np.argsort(-free, kind="stable")[: average - counts[face]]
        owner[best[free[best] > low_iou_threshold]] = face
    for face in np.flatnonzero(np.bincount(owner[owner >= 0], minlength=len(boxes)) == 0):
        owner[iou[:, face].argmax()] = face
    matched = owner >= 0
    labels[matched] = FACE
    targets[matched] = encode_boxes(boxes[owner[matched]], anchors[matched], variances)
    return labels, targets
