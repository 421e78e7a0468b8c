"""From a photo to boxes in its own pixels, whatever executes the model."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from mcu_vision.data.letterbox import letterbox
from mcu_vision.evaluate.box_overlap import FloatArray

SUBPIXELS = 16
SCORE_ONE = 32767

RunDetector = Callable[[npt.NDArray[np.uint8]], npt.NDArray[Any]]
"""Executes a detector: a frame (height, width, channels) uint8 to its output (1, N, 5) or (N, 5), as
`boxes_from_output` takes it."""


def boxes_from_output(output: npt.NDArray[Any]) -> FloatArray:
    """Boxes (D, 5) x, y, width, height in frame pixels and score in [0, 1], of a detector's output.

    output: (..., N, 5), int16 in 1/16 pixel with scores in Q15, or float in pixels; score 0 = unused.
    """
    boxes = output.reshape(-1, 5).astype(np.float64)
    boxes = boxes[boxes[:, 4] > 0]
    if np.issubdtype(output.dtype, np.integer):
        boxes /= np.array([SUBPIXELS] * 4 + [SCORE_ONE])
    return boxes


def detect_boxes(run: RunDetector, image: Image.Image, width: int, height: int, channels: int) -> FloatArray:
    """Boxes (D, 5) x, y, width, height in pixels of `image` and score, by falling score, inside the photo.

    The photo is letterboxed into a frame of width x height x channels (1 gray, 3 RGB) for `run`.
    """
    frame, scale, offset_x, offset_y = letterbox(image, width, height, channels)
    boxes = boxes_from_output(run(frame))
    low = (boxes[:, :2] - (offset_x, offset_y)) / scale
    high = low + boxes[:, 2:4] / scale
    low, high = (np.clip(corner, 0.0, image.size) for corner in (low, high))
    boxes = np.concatenate([low, high - low, boxes[:, 4:]], axis=1)
    boxes = boxes[(boxes[:, 2] > 0) & (boxes[:, 3] > 0)]
    return boxes[np.argsort(-boxes[:, 4], kind="stable")]
