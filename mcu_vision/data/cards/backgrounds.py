"""What a card lies on or is held before: procedural surfaces and clutter, or a part of a photo."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Pixels = npt.NDArray[np.uint8]
Size = tuple[int, int]
"""Width and height."""
Colour = tuple[int, int, int]


def random_colour(rng: np.random.Generator, low: int = 0, high: int = 256) -> Colour:
    """Each channel in [low, high)."""
    red, green, blue = (int(v) for v in rng.integers(low, high, 3))
    return red, green, blue


def mix(first: Colour, second: Colour, amount: npt.NDArray[np.floating]) -> Image.Image:
    """A picture of `amount` (H, W) in [0, 1]: 0 the first colour, 1 the second."""
    ends = np.array([first, second], np.float64)
    return Image.fromarray((ends[0] + (ends[1] - ends[0]) * amount[:, :, None]).round().astype(np.uint8))


def smooth_noise(rng: np.random.Generator, size: Size, cells: int) -> npt.NDArray[np.float64]:
    """Noise (H, W) in [0, 1] of structures of 1/cells of the width, and half and quarter of that."""
    total = np.zeros((size[1], size[0]))
    for octave in range(3):
        count = cells << octave
        coarse = Image.fromarray(rng.integers(0, 256, (count, count)).astype(np.uint8))
        total += np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), np.float64) / 255 / (1 << octave)
    total -= total.min()
    return np.asarray(total / max(1e-9, float(total.max())))


def _cloudy(rng: np.random.Generator, size: Size) -> Image.Image:
    return mix(random_colour(rng), random_colour(rng), smooth_noise(rng, size, int(rng.integers(2, 12))))


def _grained(rng: np.random.Generator, size: Size) -> Image.Image:
    """Wood or brushed metal: noise stretched along one direction."""
    narrow = (max(2, size[0] // 24), size[1]) if rng.random() < 0.5 else (size[0], max(2, size[1] // 24))
    grain = Image.fromarray(rng.integers(0, 256, narrow[::-1]).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    amount = 0.6 * np.asarray(grain, np.float64) / 255 + 0.4 * smooth_noise(rng, size, 3)
    base = random_colour(rng, 30, 200)
    dark = tuple(int(v * rng.uniform(0.4, 0.8)) for v in base)
    return mix(base, (dark[0], dark[1], dark[2]), amount)


def _tiled(rng: np.random.Generator, size: Size) -> Image.Image:
    """Stripes, checks or tiles, turned."""
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float64)
    angle, period = rng.uniform(0, np.pi), rng.uniform(6, 60)
    u = (x * np.cos(angle) + y * np.sin(angle)) / period
    v = (y * np.cos(angle) - x * np.sin(angle)) / period
    kind = rng.integers(3)
    if kind == 0:
        amount = (np.floor(u) % 2).astype(np.float64)
    elif kind == 1:
        amount = (np.floor(u) + np.floor(v)) % 2
    else:
        amount = ((u % 1 < 0.08) | (v % 1 < 0.08)).astype(np.float64)
    return mix(random_colour(rng), random_colour(rng), 0.8 * amount + 0.2 * smooth_noise(rng, size, 4))


def _shaded(rng: np.random.Generator, size: Size) -> Image.Image:
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float64)
    angle = rng.uniform(0, 2 * np.pi)
    ramp = x * np.cos(angle) + y * np.sin(angle)
    ramp = (ramp - ramp.min()) / max(1e-9, float(np.ptp(ramp)))
    return mix(random_colour(rng), random_colour(rng), ramp)


SURFACES: tuple[Callable[[np.random.Generator, Size], Image.Image], ...] = (_cloudy, _grained, _tiled, _shaded)


def _add_clutter(rng: np.random.Generator, image: Image.Image) -> None:
    """Things that are no card: sheets with lines, plain plates, coins, cables."""
    draw = ImageDraw.Draw(image)
    width, height = image.size
    for _ in range(int(rng.integers(0, 9))):
        x, y = float(rng.uniform(-0.1, 1) * width), float(rng.uniform(-0.1, 1) * height)
        w, h = float(rng.uniform(0.05, 0.6) * width), float(rng.uniform(0.05, 0.6) * height)
        kind = rng.integers(5)
        if kind == 0:
            draw.ellipse((x, y, x + w, y + h), fill=random_colour(rng), outline=random_colour(rng))
        elif kind == 1:
            points = [(x + float(dx) * w, y + float(dy) * h) for dx, dy in rng.random((int(rng.integers(3, 6)), 2))]
            draw.polygon(points, fill=random_colour(rng))
        elif kind == 2:
            points = [(float(px) * width, float(py) * height) for px, py in rng.random((4, 2))]
            draw.line(points, fill=random_colour(rng), width=int(rng.integers(1, 9)), joint="curve")
        else:
            _paste_sheet(rng, image, (round(x), round(y)), (max(8, round(w)), max(8, round(h))))


def _paste_sheet(rng: np.random.Generator, image: Image.Image, place: tuple[int, int], size: Size) -> None:
    """A turned rectangle: paper with lines of text, a book, a screen."""
    sheet = Image.new("RGB", size, random_colour(rng, 100 if rng.random() < 0.7 else 0))
    draw = ImageDraw.Draw(sheet)
    if rng.random() < 0.6:
        ink, step = random_colour(rng, 0, 120), int(rng.integers(4, 14))
        for y in range(step, size[1] - 2, step):
            end = float(rng.uniform(0.3, 0.95)) * size[0]
            draw.line((size[0] * 0.06, y, end, y), fill=ink, width=max(1, step // 4))
    mask = Image.new("L", size, 255)
    angle = float(rng.uniform(0, 180))
    turned = sheet.rotate(angle, Image.Resampling.BILINEAR, expand=True)
    image.paste(turned, place, mask.rotate(angle, expand=True))


def draw_background(rng: np.random.Generator, size: Size) -> Image.Image:
    """A surface of `size` with clutter on it, RGB."""
    image = SURFACES[int(rng.integers(len(SURFACES)))](rng, size)
    _add_clutter(rng, image)
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.5, 3))))
    return image


def photo_background(rng: np.random.Generator, photo: Image.Image, size: Size) -> Image.Image:
    """A random part of a photo, of the aspect of `size`, perhaps mirrored, RGB."""
    fit = min(photo.width / size[0], photo.height / size[1])
    scale = fit * float(rng.uniform(0.5, 1.0))
    width, height = size[0] * scale, size[1] * scale
    x, y = float(rng.uniform(0, photo.width - width)), float(rng.uniform(0, photo.height - height))
    box = (x, y, x + width, y + height)
    part = photo.convert("RGB").resize(size, Image.Resampling.BILINEAR, box=box)
    return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else part
