"""One annotated photo, whichever data set it comes from."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from mcu_vision.errors import UserError

FloatArray = npt.NDArray[np.float32]


def to_boxes(values: object) -> FloatArray:
    """Boxes as float32 (N, 4), N may be 0."""
    return np.asarray(values, np.float32).reshape(-1, 4)


@dataclass(frozen=True)
class FaceSample:
    """A photo with faces: boxes and ignore regions as (N, 4) x, y, width, height in its pixels.

    container: folder or zip file that holds `member`. attributes: one array a name, an entry a box.
    """

    container: Path
    member: str
    boxes: FloatArray
    ignore: FloatArray = field(default_factory=lambda: to_boxes([]))
    source: str = ""
    fold: int | None = None
    attributes: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)

    def read_image(self) -> Image.Image:
        """Decode the photo, upright. Raises UserError if it is missing or broken."""
        try:
            if self.container.suffix == ".zip":
                data = _open_zip(self.container).read(self.member)
            else:
                data = (self.container / self.member).read_bytes()
            image: Image.Image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise UserError(f"cannot read image {self.member} of {self.container}: {error}") from error
        return image


@lru_cache(maxsize=8)
def _open_zip(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)
