"""Photos that a user names, and the one that ships."""

from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

import mcu_vision
from mcu_vision.errors import UserError

SAMPLE = Path(mcu_vision.__file__).parent / "samples" / "astronaut.jpg"
_SUFFIXES = {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}


def load_photo(path: Path | None) -> Image.Image:
    """Open a photo upright; None is the shipped sample, and the bare name of a sample, as "coffee", is that one.

    Raises UserError if it cannot be read.
    """
    path = path or SAMPLE
    if not path.exists() and path.name == str(path) and (SAMPLE.parent / f"{path}.jpg").is_file():
        path = SAMPLE.parent / f"{path}.jpg"
    try:
        with Image.open(path) as image:
            if image.mode.startswith("I"):  # 16 bits a pixel
                image = image.convert("I").point(lambda value: value / 256).convert("L")
            return ImageOps.exif_transpose(image).convert("RGB")
    except FileNotFoundError as error:
        raise UserError(f"no photo {path}: check the path") from error
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise UserError(f"cannot read the photo {path} ({error}): give a JPEG, PNG, WebP or BMP file") from error


def find_photos(path: Path) -> list[Path]:
    """The photo itself, or all photos of a folder by name. Raises UserError if there is no such path."""
    if path.is_dir():
        return sorted(p for p in path.iterdir() if p.suffix.lower() in _SUFFIXES)
    if not path.exists():
        raise UserError(f"no photo or folder {path}: check the path")
    return [path]


def find_photos_below(path: Path) -> list[Path]:
    """The photo itself, or all photos of a folder and its subfolders. Raises UserError if there is no such path."""
    if not path.is_dir():
        return find_photos(path)
    return sorted(p for p in path.rglob("*") if p.suffix.lower() in _SUFFIXES and p.is_file())
