"""One annotated photo, whichever data set it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from mcu_vision.data.image_file import read_image

FloatArray = npt.NDArray[np.float32]


def to_boxes(values: object) -> FloatArray:
    """Boxes as float32 (N, 4), N may be 0."""
    return np.asarray(values, np.float32).reshape(-1, 4)


@dataclass(frozen=True)
class FaceSample:
    """A photo with faces: boxes and ignore regions as (N, 4) x, y, width, height in its pixels.

    container: folder or zip file that holds `member`. attributes: one array a name, an entry a box.
    subsets: which boxes are in each of the data set's own subsets, a flag a box.
    """

    container: Path
    member: str
    boxes: FloatArray
    ignore: FloatArray = field(default_factory=lambda: to_boxes([]))
    source: str = ""
    fold: int | None = None
    attributes: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    subsets: dict[str, npt.NDArray[np.bool_]] = field(default_factory=dict)

    def read_image(self) -> Image.Image:
        """Decode the photo. Raises UserError if it is missing or broken."""
        return read_image(self.container, self.member)
