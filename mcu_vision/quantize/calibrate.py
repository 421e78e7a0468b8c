"""Run calibration images through the float graph and gather each activation's distribution."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph
from mcu_vision.quantize.histogram import Histogram
from mcu_vision.reference import run_graph

BATCH = 8


def calibrate(graph: Graph, images: Iterable[Array]) -> tuple[dict[str, Histogram], int]:
    """Histograms by tensor name, and the number of images.

    images: batches float32 (N, H, W, C) or single images (H, W, C), in [0, 1]. Raises UserError if there
    are none, if one does not fit, or if an activation is not finite.
    """
    histograms: dict[str, Histogram] = {}
    count = 0
    for batch in images:
        array = np.asarray(batch, np.float32)
        array = array[None] if array.ndim == 3 else array
        for start in range(0, len(array), BATCH):
            _add_batch(graph, array[start : start + BATCH], histograms)
        count += len(array)
    if count == 0:
        raise UserError("calibration needs at least one image; name some with --calibrate")
    return histograms, count


def _add_batch(graph: Graph, images: Array, histograms: dict[str, Histogram]) -> None:
    if not (np.isfinite(images).all() and images.min() >= 0 and images.max() <= 1):
        raise UserError("calibration images must hold values from 0 to 1; divide the pixels by 255")
    for name, values in run_graph(graph, images, keep_all=True).items():
        if not np.isfinite(values).all():
            op = graph.producer(name)
            where = f" ({op.source})" if op is not None and op.source else ""
            raise UserError(f"{name}{where} is not finite for a calibration image; check the weights")
        histograms.setdefault(name, Histogram()).add(values)
