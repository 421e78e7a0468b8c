"""Decode a photo that lies in a folder or a zip file."""

from __future__ import annotations

import io
import zipfile
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageOps

from mcu_vision.errors import UserError


def read_image(container: Path, member: str) -> Image.Image:
    """The photo `member` of a folder or .zip file, upright. Raises UserError if it is missing or broken."""
    try:
        zipped = container.suffix == ".zip"
        data = _open_zip(container).read(member) if zipped else (container / member).read_bytes()
        image: Image.Image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"cannot read image {member} of {container}: {error}") from error
    return image


@lru_cache(maxsize=8)
def _open_zip(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)
