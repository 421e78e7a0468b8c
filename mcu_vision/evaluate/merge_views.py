"""Data distillation: one teacher's boxes in several views of a photo, merged into labels.

Source: Radosavovic et al., "Data Distillation: Towards Omni-Supervised Learning", CVPR 2018. Views are the whole photo,
enlarged parts of it and a reduced copy, each plain and mirrored. A box that a view and its mirror image agree on is a
label; any other is doubtful, and becomes an ignore region.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from mcu_vision.data.letterbox import PADDING
from mcu_vision.evaluate.box_overlap import FloatArray, intersection_over_union
from mcu_vision.evaluate.detector import RunDetector, detect_boxes

MERGE_IOU = 0.45
CUT_MARGIN = 0.05
"""Boxes that end this close to a view's edge, in parts of its shorter side, may be cut by it."""


@dataclass(frozen=True)
class View:
    """A part of the photo, x, y, width, height in its pixels, which may reach beyond it; perhaps mirrored."""

    box: tuple[float, float, float, float]
    mirrored: bool = False


@dataclass(frozen=True)
class Labels:
    """Boxes (N, 4) x, y, width, height in the photo's pixels: those to learn, and doubtful ones."""

    boxes: FloatArray
    ignore: FloatArray


def make_views(width: int, height: int, zoom: bool = True) -> list[View]:
    """Views of a photo: whole, in the middle of a frame twice its size, and with `zoom` four overlapping parts."""
    boxes = [(0.0, 0.0, float(width), float(height)), (-width / 2, -height / 2, 2.0 * width, 2.0 * height)]
    if zoom:
        part = (0.6 * width, 0.6 * height)
        boxes += [(x, y, *part) for x in (0.0, 0.4 * width) for y in (0.0, 0.4 * height)]
    return [View(box, mirrored) for box in boxes for mirrored in (False, True)]


def detect_in_view(run: RunDetector, image: Image.Image, view: View, frame: tuple[int, int, int]) -> FloatArray:
    """Boxes (D, 5) of one view, in the photo's pixels; frame: the teacher's width, height and channels.

    Without those that end at an edge of the view inside the photo: they may be parts of what another view shows whole.
    """
    x, y, width, height = (round(v) for v in view.box)
    part = Image.new("RGB", (max(1, width), max(1, height)), (PADDING,) * 3)
    part.paste(image.convert("RGB"), (-x, -y))
    boxes = detect_boxes(run, ImageOps.mirror(part) if view.mirrored else part, *frame)
    if view.mirrored:
        boxes[:, 0] = part.width - boxes[:, 0] - boxes[:, 2]
    boxes[:, :2] += (x, y)
    return boxes[~_ends_at_cut(boxes, view, image.size)]


def _ends_at_cut(boxes: FloatArray, view: View, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Which boxes end at an edge of the view that lies inside the photo of this size (width, height)."""
    low, sides = np.array(view.box[:2]), np.array(view.box[2:])
    margin = CUT_MARGIN * sides.min()
    before = (low > 0) & (boxes[:, :2] < low + margin)
    after = (low + sides < size) & (boxes[:, :2] + boxes[:, 2:4] > low + sides - margin)
    return np.asarray((before | after).any(axis=1))


def merge_views(
    views: Sequence[View], found: Sequence[FloatArray], size: tuple[int, int], least_score: float
) -> Labels:
    """Labels from the boxes (D, 5) that each view found.

    size: the photo's width and height. Boxes that overlap are one object; its box is their mean, weighted by score. A
    view and its mirror image score it with the mean of their best boxes, 0 where there is none; the best pair counts,
    since a teacher sees an object at some scales alone. From `least_score` it is a label, else doubtful.
    """
    boxes = np.concatenate([*found, np.zeros((0, 5))])
    pairs = np.repeat([views.index(replace(v, mirrored=False)) for v in views], [len(f) for f in found])
    mirrored = np.repeat([v.mirrored for v in views], [len(f) for f in found])
    order = np.argsort(-boxes[:, 4], kind="stable")
    boxes, pairs, mirrored = boxes[order], pairs[order], mirrored[order]
    free = np.ones(len(boxes), bool)
    sure: list[FloatArray] = []
    doubtful: list[FloatArray] = []
    for index in range(len(boxes)):
        if not free[index]:
            continue
        same = free & (intersection_over_union(boxes[index : index + 1], boxes)[0] >= MERGE_IOU)
        same[index] = True
        free &= ~same
        box = _clip(np.average(boxes[same, :4], axis=0, weights=boxes[same, 4]), size)
        score = max(_pair_score(boxes[same & (pairs == p)], mirrored[same & (pairs == p)]) for p in set(pairs[same]))
        (sure if score >= least_score else doubtful).append(box)
    return Labels(np.array(sure).reshape(-1, 4), np.array(doubtful).reshape(-1, 4))


def _pair_score(boxes: FloatArray, mirrored: npt.NDArray[np.bool_]) -> float:
    """Mean of the best score in a view and in its mirror image."""
    return sum(float(boxes[mirrored == side, 4].max(initial=0.0)) for side in (False, True)) / 2


def _clip(box: FloatArray, size: tuple[int, int]) -> FloatArray:
    low = np.clip(box[:2], 0, size)
    return np.concatenate([low, np.clip(box[:2] + box[2:], 0, size) - low])
