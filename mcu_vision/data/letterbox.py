"""Fit a photo into a model's input frame; the one geometry of training, evaluation and inference."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

PADDING = 114


def letterbox(
    image: Image.Image, width: int, height: int, channels: int
) -> tuple[npt.NDArray[np.uint8], float, int, int]:
    """Scale `image` to fit, keep its aspect, centre it on gray padding.

    Returns (pixels uint8 (height, width, channels), scale, offset_x, offset_y): a photo's point p is at
    p*scale + offset in the frame. channels: 1 (luma, ITU-R 601) or 3 (RGB). Bilinear, antialiased.
    """
    mode = "L" if channels == 1 else "RGB"
    scale = min(width / image.width, height / image.height)
    inner = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    offset_x, offset_y = (width - inner[0]) // 2, (height - inner[1]) // 2
    frame = Image.new(mode, (width, height), (PADDING,) * channels if channels > 1 else PADDING)
    frame.paste(image.convert(mode).resize(inner, Image.Resampling.BILINEAR), (offset_x, offset_y))
    return np.asarray(frame).reshape(height, width, channels).copy(), scale, offset_x, offset_y
