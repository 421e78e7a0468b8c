"""Average precision over ten overlaps, as COCO has it.

Source: Lin et al., "Microsoft COCO", ECCV 2014, and the evaluation server's measure AP: IoU 0.5 to 0.95, each curve
interpolated at 101 recalls.
"""

from collections.abc import Sequence

import numpy as np

from mcu_vision.evaluate.average_precision import PrecisionRecall, ScoredImage, precision_recall

IOU_THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
RECALLS = np.linspace(0.0, 1.0, 101)


def coco_average_precision(images: Sequence[ScoredImage]) -> float | None:
    """Mean over the overlaps, in [0, 1], for faces of every size; None if there is no face to find."""
    curves = [precision_recall(images, threshold) for threshold in IOU_THRESHOLDS]
    return float(np.mean([_interpolated(curve) for curve in curves])) if curves[0].faces else None


def _interpolated(curve: PrecisionRecall) -> float:
    envelope = np.maximum.accumulate(curve.precision[::-1])[::-1]
    places = np.searchsorted(curve.recall, RECALLS, side="left")
    return float(np.append(envelope, 0.0)[places].mean())
