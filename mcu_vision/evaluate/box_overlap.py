"""Overlaps of boxes given as x, y, width, height."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def intersection_areas(a: FloatArray, b: FloatArray) -> FloatArray:
    """Areas shared by boxes a (A, 4 or more) and b (B, 4 or more), columns x, y, width, height: (A, B)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum((a[:, :2] + a[:, 2:4])[:, None], (b[:, :2] + b[:, 2:4])[None])
    areas: FloatArray = np.prod(np.maximum(high - low, 0.0), axis=2)
    return areas


def intersection_over_union(a: FloatArray, b: FloatArray) -> FloatArray:
    """IoU of boxes a (A, 4 or more) and b (B, 4 or more): (A, B); 0 where both are empty."""
    shared = intersection_areas(a, b)
    union = _areas(a)[:, None] + _areas(b)[None] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def covered_fraction(a: FloatArray, regions: FloatArray) -> FloatArray:
    """The part of each box a (A, 4 or more) that lies in each region (R, 4 or more): (A, R)."""
    shared, areas = intersection_areas(a, regions), _areas(a)[:, None]
    return np.divide(shared, areas, out=np.zeros_like(shared), where=areas > 0)


def _areas(boxes: FloatArray) -> FloatArray:
    areas: FloatArray = boxes[:, 2] * boxes[:, 3]
    return areas
