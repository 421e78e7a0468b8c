"""Anchors of a detector, and boxes as offsets from them (SSD encoding). Imports no torch.

Boxes here are (x0, y0, x1, y1) in input pixels; anchors (centre x, centre y, width, height).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcu_vision.models.detector_spec import DetectorSpec

FloatArray = npt.NDArray[np.float32]


def make_anchors(spec: DetectorSpec) -> FloatArray:
    """All anchors (A, 4), level after level, rows before columns; centres at (index + 0.5)*stride."""
    levels = []
    for level in spec.levels:
        rows, columns = spec.map_size(level)
        y, x = np.mgrid[:rows, :columns].astype(np.float32)
        side = np.full(y.size, level.anchor, np.float32)
        levels.append(
            np.stack([(x.ravel() + 0.5) * level.stride, (y.ravel() + 0.5) * level.stride, side, side], axis=1)
        )
    return np.concatenate(levels)


def anchor_corners(anchors: FloatArray) -> FloatArray:
    """Anchors as boxes (A, 4)."""
    half = anchors[:, 2:] / 2
    return np.concatenate([anchors[:, :2] - half, anchors[:, :2] + half], axis=1)


def encode_boxes(boxes: FloatArray, anchors: FloatArray, variances: tuple[float, float]) -> FloatArray:
    """Offsets (A, 4) that `decode_boxes` turns into `boxes` (A, 4)."""
    size = boxes[:, 2:] - boxes[:, :2]
    centre = (boxes[:, 2:] + boxes[:, :2]) / 2
    shift = (centre - anchors[:, :2]) / (variances[0] * anchors[:, 2:])
    return np.concatenate([shift, np.log(size / anchors[:, 2:]) / variances[1]], axis=1).astype(np.float32)


def decode_boxes(offsets: FloatArray, anchors: FloatArray, variances: tuple[float, float]) -> FloatArray:
    """Boxes (A, 4) of the offsets (dx, dy, log width, log height), each (A, 4)."""
    centre = anchors[:, :2] + offsets[:, :2] * variances[0] * anchors[:, 2:]
    half = anchors[:, 2:] * np.exp(offsets[:, 2:] * variances[1]) / 2
    return np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)


def pairwise_iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """Intersection over union of boxes a (A, 4) and b (B, 4): (A, B)."""
    overlap = pairwise_intersection(a, b)
    area_a = np.prod(a[:, 2:] - a[:, :2], axis=1)
    area_b = np.prod(b[:, 2:] - b[:, :2], axis=1)
    iou: FloatArray = overlap / np.maximum(area_a[:, None] + area_b[None, :] - overlap, np.float32(1e-9))
    return iou


def pairwise_intersection(a: FloatArray, b: FloatArray) -> FloatArray:
    """Areas of intersection of boxes a (A, 4) and b (B, 4): (A, B)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    area: FloatArray = np.prod(np.clip(high - low, 0, None), axis=2)
    return area


def non_maximum_suppression(boxes: FloatArray, scores: FloatArray, iou_threshold: float) -> npt.NDArray[np.intp]:
    """Indices of the boxes (A, 4) that greedy suppression keeps, by falling score; ties: lower index."""
    order = np.argsort(-scores, kind="stable")
    keep = []
    while order.size:
        best, order = order[0], order[1:]
        keep.append(best)
        order = order[pairwise_iou(boxes[best][None], boxes[order])[0] <= iou_threshold]
    return np.array(keep, np.intp)


def flatten_maps(maps: list[FloatArray], spec: DetectorSpec) -> tuple[FloatArray, FloatArray]:
    """Offsets (A, 4) and face probabilities (A,) of one image's head maps.

    maps: loc_0, conf_0, loc_1, ... as (C, H, W) float32. The probability is the softmax of the largest
    background logit and the face logit.
    """
    offsets, scores = [], []
    for index in range(len(spec.levels)):
        loc, conf = maps[2 * index], maps[2 * index + 1]
        offsets.append(loc.transpose(1, 2, 0).reshape(-1, 4))
        logits = conf.transpose(1, 2, 0).reshape(-1, conf.shape[0])
        margin = logits[:, -1] - logits[:, :-1].max(axis=1)
        scores.append(1.0 / (1.0 + np.exp(-margin)))
    return np.concatenate(offsets), np.concatenate(scores).astype(np.float32)


def detect(
    maps: list[FloatArray],
    spec: DetectorSpec,
    score_threshold: float | None = None,
    max_candidates: int = 400,
) -> tuple[FloatArray, FloatArray]:
    """Boxes (N, 4) and scores (N,) of one image, by falling score, in float32.

    score_threshold: the spec's if None. At most `max_candidates` best go into suppression.
    """
    offsets, scores = flatten_maps(maps, spec)
    threshold = spec.score_threshold if score_threshold is None else score_threshold
    chosen = np.flatnonzero(scores >= threshold)
    chosen = chosen[np.argsort(-scores[chosen], kind="stable")][:max_candidates]
    boxes = decode_boxes(offsets[chosen], make_anchors(spec)[chosen], spec.variances)
    scores = scores[chosen]
    keep = non_maximum_suppression(boxes, scores, spec.iou_threshold)
    return boxes[keep], scores[keep]
