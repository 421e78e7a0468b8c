"""Cards in a scene: each seen in perspective, with shadow, glare and fingers, and the boxes around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from mcu_vision.data.cards.backgrounds import draw_background, photo_background
from mcu_vision.data.cards.drawing import ASPECT, draw_card

Corners = npt.NDArray[np.float64]
Boxes = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SceneOptions:
    """How hard scenes are. empty: share without a card. sides: range of the square root of a card's area, in parts of
    the shorter side. tilt: most degrees out of the picture's plane. glare, fingers, blur: their chances. darkness: most
    of the light that is lost.
    """

    empty: float = 0.15
    most_cards: int = 2
    sides: tuple[float, float] = (0.16, 0.75)
    tilt: float = 35.0
    glare: float = 0.2
    fingers: float = 0.2
    blur: float = 0.3
    darkness: float = 0.4


EASY = SceneOptions()
HARD = SceneOptions(
    empty=0.2, most_cards=3, sides=(0.12, 0.8), tilt=58.0, glare=0.5, fingers=0.5, blur=0.6, darkness=0.75
)
"""What a hurried user sends: oblique, glaring, dark, blurred."""


@dataclass(frozen=True)
class Scene:
    """A picture, RGB, and the boxes of its cards, (N, 4) x, y, width, height in pixels."""

    image: Image.Image
    boxes: Boxes


def draw_scene(
    rng: np.random.Generator,
    size: tuple[int, int],
    options: SceneOptions = EASY,
    photos: list[Image.Image] | None = None,
) -> Scene:
    """A scene of `size` (width, height), on a procedural background or on a part of one of `photos`."""
    if photos:
        image = photo_background(rng, photos[int(rng.integers(len(photos)))], size)
    else:
        image = draw_background(rng, size)
    outlines: list[Corners] = []
    if rng.random() >= options.empty:
        for _ in range(1 + int(rng.integers(options.most_cards))):
            corners = _place(rng, size, options, outlines)
            if corners is not None:
                _paste_card(rng, image, corners, options)
                outlines.append(corners)
    return Scene(_expose(rng, image, options), _boxes(outlines, size))


def _place(
    rng: np.random.Generator, size: tuple[int, int], options: SceneOptions, others: list[Corners]
) -> Corners | None:
    """Corners (4, 2) of a card seen by a camera, clear of the others; None if a few tries find no place."""
    for _ in range(8):
        side = min(size) * float(np.exp(rng.uniform(*np.log(options.sides))))
        corners = _project(rng, side, options.tilt)
        low, high = corners.min(0), corners.max(0)
        room = np.array(size) - (high - low)
        # Up to a tenth of a card may be outside of the picture.
        margin = 0.1 * (high - low) if rng.random() < 0.2 else np.zeros(2)
        if (room + 2 * margin < 0).any():
            continue
        corners = np.asarray(corners - low - margin + rng.random(2) * (room + 2 * margin))
        if not any(_touch(corners, other) for other in others):
            return corners
    return None


def _project(rng: np.random.Generator, side: float, tilt: float) -> Corners:
    """Corners of a card of area about side^2, turned in its plane and tilted out of it, in perspective."""
    half = np.array([side * ASPECT**0.5, side / ASPECT**0.5]) / 2
    flat = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    turn = rng.uniform(0, 2 * np.pi) if rng.random() < 0.4 else rng.normal(0, 0.25)
    pitch, yaw = np.radians(rng.uniform(-tilt, tilt, 2))
    points = np.concatenate([flat @ _rotation(turn).T, np.zeros((4, 1))], 1)
    x, y, z = points.T
    y, z = y * np.cos(pitch) - z * np.sin(pitch), y * np.sin(pitch) + z * np.cos(pitch)
    x, z = x * np.cos(yaw) + z * np.sin(yaw), z * np.cos(yaw) - x * np.sin(yaw)
    distance = side * rng.uniform(2.0, 5.0)
    return np.asarray(np.stack([x, y], 1) * (distance / (distance + z))[:, None])


def _rotation(angle: float) -> npt.NDArray[np.float64]:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _touch(a: Corners, b: Corners) -> bool:
    """Whether the boxes around two outlines overlap."""
    return bool(((a.min(0) < b.max(0)) & (b.min(0) < a.max(0))).all())


def perspective_coefficients(source: Corners, target: Corners) -> list[float]:
    """Of Pillow's PERSPECTIVE transform: maps the pixels of `target` (4, 2) to those of `source` (4, 2)."""
    rows = []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    solution = np.linalg.solve(np.array(rows), source.reshape(-1))
    return [float(value) for value in solution]


def _paste_card(rng: np.random.Generator, image: Image.Image, corners: Corners, options: SceneOptions) -> None:
    card, mask = draw_card(rng)
    if rng.random() < options.glare:
        card = _glare(rng, card)
    source = np.array([(0, 0), (card.width, 0), (card.width, card.height), (0, card.height)], np.float64)
    coefficients = perspective_coefficients(source, corners)
    # Shrinking with a bilinear transform alone would alias: blur first by what is lost.
    shrink = card.width / max(1.0, float(np.linalg.norm(corners[1] - corners[0])))
    if shrink > 1.5:
        card = card.filter(ImageFilter.GaussianBlur(shrink * 0.35))
    warped, shape = (
        part.transform(image.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR)
        for part in (card, mask)
    )
    if rng.random() < 0.6:
        _cast_shadow(rng, image, shape)
    image.paste(warped, (0, 0), shape)
    if rng.random() < options.fingers:
        _add_finger(rng, image, corners)


def _cast_shadow(rng: np.random.Generator, image: Image.Image, shape: Image.Image) -> None:
    shift = tuple(int(v) for v in rng.integers(-6, 7, 2))
    shadow = Image.new("L", image.size, 0)
    shadow.paste(shape, (shift[0], shift[1]))
    strength = float(rng.uniform(0.3, 0.8))
    shadow = shadow.filter(ImageFilter.GaussianBlur(float(rng.uniform(1, 5)))).point(lambda v: int(v * strength))
    image.paste((0, 0, 0), (0, 0), shadow)


def _glare(rng: np.random.Generator, card: Image.Image) -> Image.Image:
    """A bright ellipse with soft edges."""
    spot = Image.new("L", card.size, 0)
    x, y = float(rng.uniform(0, card.width)), float(rng.uniform(0, card.height))
    w, h = float(rng.uniform(0.05, 0.3) * card.width), float(rng.uniform(0.05, 0.4) * card.height)
    ImageDraw.Draw(spot).ellipse((x - w, y - h, x + w, y + h), fill=int(rng.integers(120, 256)))
    spot = spot.filter(ImageFilter.GaussianBlur(float(rng.uniform(6, 25))))
    return Image.composite(Image.new("RGB", card.size, (255, 255, 255)), card, spot)


def _add_finger(rng: np.random.Generator, image: Image.Image, corners: Corners) -> None:
    """A thumb over one edge."""
    edge = int(rng.integers(4))
    part = float(rng.uniform(0.1, 0.9))
    tip = corners[edge] * (1 - part) + corners[(edge + 1) % 4] * part
    centre = corners.mean(0)
    inward = (centre - tip) / max(1.0, float(np.linalg.norm(centre - tip)))
    length = float(np.linalg.norm(corners[1] - corners[0]))
    width = max(2, round(length * float(rng.uniform(0.08, 0.16))))
    end = tip + inward * length * 0.08
    start = tip - inward * length
    light = rng.uniform(0.35, 1.0)
    skin = (round(235 * light), round(190 * light), round(160 * light))
    draw = ImageDraw.Draw(image)
    draw.line([tuple(start), tuple(end)], fill=skin, width=width)
    radius = width / 2
    draw.ellipse((end[0] - radius, end[1] - radius, end[0] + radius, end[1] + radius), fill=skin)


def _expose(rng: np.random.Generator, image: Image.Image, options: SceneOptions) -> Image.Image:
    """Uneven light, blur, noise."""
    if rng.random() < options.blur:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.4, 1.8))))
    pixels = np.asarray(image, np.float64)
    y, x = np.mgrid[: image.height, : image.width]
    angle = rng.uniform(0, 2 * np.pi)
    ramp = (x / image.width - 0.5) * np.cos(angle) + (y / image.height - 0.5) * np.sin(angle)
    light = (1 - options.darkness * rng.random()) * (1 + rng.uniform(0, 0.5) * ramp)
    tint = 1 + rng.uniform(-0.08, 0.08, 3)
    pixels = pixels * light[:, :, None] * tint + rng.normal(0, rng.uniform(0, 8), pixels.shape)
    return Image.fromarray(np.clip(pixels, 0, 255).round().astype(np.uint8))


def _boxes(outlines: list[Corners], size: tuple[int, int]) -> Boxes:
    boxes = []
    for corners in outlines:
        low, high = np.clip(corners.min(0), 0, size), np.clip(corners.max(0), 0, size)
        boxes.append([*low, *(high - low)])
    return np.array(boxes, np.float32).reshape(-1, 4)
