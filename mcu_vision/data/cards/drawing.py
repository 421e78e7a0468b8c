"""Invented identity cards: waves, a portrait, lines of text, perhaps a chip, an emblem, bars or machine-readable lines.

Proportions are those of ID-1 (ISO/IEC 7810): 85.60 x 53.98 mm, corners of 3.18 mm radius. No real document is
imitated.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mcu_vision.data.cards.backgrounds import Colour, mix, random_colour, smooth_noise

WIDTH_MM, HEIGHT_MM, CORNER_MM = 85.60, 53.98, 3.18
ASPECT = WIDTH_MM / HEIGHT_MM
PIXELS = 340
"""Width of a drawn card; a warp shrinks it."""
LETTERS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
DIGITS = np.array(list("0123456789"))
LABELS = ("NAME", "SURNAME", "BORN", "SEX", "No.", "EXPIRES", "NATIONALITY", "ISSUED", "ADDRESS", "SIGNATURE")


def draw_card(rng: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    """A card, RGB, and its mask ("L", 255 inside the round corners), PIXELS wide."""
    size = PIXELS, round(PIXELS / ASPECT)
    card = _ground(rng, size)
    draw = ImageDraw.Draw(card)
    ink = random_colour(rng, 0, 90)
    _draw_header(rng, draw, size, ink)
    portrait_left = rng.random() < 0.65
    _draw_portrait(rng, draw, size, portrait_left)
    _draw_lines(rng, draw, size, ink, portrait_left)
    for part, chance in ((_draw_chip, 0.35), (_draw_emblem, 0.4), (_draw_bars, 0.25), (_draw_machine_lines, 0.3)):
        if rng.random() < chance:
            part(rng, draw, size, ink)
    mask = Image.new("L", size, 0)
    radius = PIXELS * CORNER_MM / WIDTH_MM
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius, fill=255)
    return card, mask


def _ground(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Two light colours mixed by crossing waves."""
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float64)
    waves = smooth_noise(rng, size, 2)
    for _ in range(int(rng.integers(1, 4))):
        period, swing, turn = rng.uniform(4, 40), rng.uniform(0, 30), rng.uniform(0, np.pi)
        u = x * np.cos(turn) + y * np.sin(turn)
        v = y * np.cos(turn) - x * np.sin(turn)
        waves = waves + 0.5 * np.sin((u + swing * np.sin(v / rng.uniform(10, 60))) / period * 2 * np.pi)
    waves = (waves - waves.min()) / max(1e-9, float(np.ptp(waves)))
    low = 150 if rng.random() < 0.75 else 60
    return mix(random_colour(rng, low), random_colour(rng, low), waves)


def _text(rng: np.random.Generator, letters: int) -> str:
    kinds = DIGITS if rng.random() < 0.35 else LETTERS
    return "".join(rng.choice(kinds, letters))


def _font(height: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=max(4.0, height))


def _draw_header(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int], ink: Colour) -> None:
    height = size[1] * float(rng.uniform(0.1, 0.2))
    filled = rng.random() < 0.6
    if filled:
        draw.rectangle((0, 0, size[0], height), fill=random_colour(rng, 20, 220))
    text = f"{_text(rng, int(rng.integers(4, 10)))} {_text(rng, int(rng.integers(3, 9)))}"
    colour = random_colour(rng, 200) if filled else ink
    draw.text((size[0] * float(rng.uniform(0.03, 0.3)), height * 0.15), text, colour, _font(height * 0.65))


def _draw_portrait(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int], left: bool) -> None:
    """Head and shoulders before a plain ground."""
    w, h = size[0] * float(rng.uniform(0.22, 0.3)), size[1] * float(rng.uniform(0.42, 0.6))
    x = size[0] * (0.04 if left else 0.96) - (0 if left else w)
    y = size[1] * float(rng.uniform(0.22, 0.3))
    draw.rectangle((x, y, x + w, y + h), fill=random_colour(rng, 140))
    cloth, hair = random_colour(rng), random_colour(rng, 0, 140)
    light = rng.uniform(0.35, 1.0)
    skin = (round(240 * light), round(200 * light), round(170 * light))
    centre, top = x + w / 2, y + h * 0.16
    draw.pieslice((x + w * 0.05, y + h * 0.68, x + w * 0.95, y + h * 1.32), 180, 360, fill=cloth)
    draw.ellipse((centre - w * 0.29, top - h * 0.08, centre + w * 0.29, top + h * 0.5), fill=hair)
    draw.ellipse((centre - w * 0.23, top, centre + w * 0.23, top + h * 0.54), fill=skin)
    for side in (-1, 1):
        eye = centre + side * w * 0.09
        draw.ellipse((eye - w * 0.03, top + h * 0.2, eye + w * 0.03, top + h * 0.24), fill=(30, 30, 30))
    draw.line((centre - w * 0.07, top + h * 0.4, centre + w * 0.07, top + h * 0.4), fill=(120, 40, 40), width=2)


def _draw_lines(
    rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int], ink: Colour, beside_left: bool
) -> None:
    """Labels and what they say, beside the portrait."""
    x = size[0] * (0.36 if beside_left else 0.05)
    y, step = size[1] * 0.24, size[1] * float(rng.uniform(0.09, 0.14))
    while y < size[1] * 0.8:
        draw.text((x, y), str(rng.choice(LABELS)), ink, _font(step * 0.35))
        draw.text((x, y + step * 0.32), _text(rng, int(rng.integers(4, 14))), ink, _font(step * 0.6))
        y += step


def _draw_chip(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int], ink: Colour) -> None:
    x, y, side = size[0] * float(rng.uniform(0.35, 0.8)), size[1] * float(rng.uniform(0.25, 0.6)), size[1] * 0.18
    draw.rounded_rectangle((x, y, x + side * 1.2, y + side), side * 0.2, fill=(212, 175, 80), outline=(110, 90, 40))
    for part in (0.33, 0.66):
        draw.line((x, y + side * part, x + side * 1.2, y + side * part), fill=(110, 90, 40))
    draw.line((x + side * 0.6, y, x + side * 0.6, y + side), fill=(110, 90, 40))


def _draw_emblem(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int], ink: Colour) -> None:
    x, y = size[0] * float(rng.uniform(0.5, 0.9)), size[1] * float(rng.uniform(0.3, 0.75))
    radius = size[1] * float(rng.uniform(0.06, 0.14))
    corners = int(rng.integers(3, 9))
    colour = random_colour(rng, 60)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=3)
    draw.regular_polygon((x, y, radius * 0.7), corners, rotation=int(rng.integers(360)), fill=colour)


def _draw_bars(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int], ink: Colour) -> None:
    x, end, y = size[0] * 0.4, size[0] * 0.92, size[1] * 0.82
    draw.rectangle((x - 4, y - 3, end + 4, size[1] * 0.96), fill=(245, 245, 245))
    while x < end:
        width = float(rng.integers(1, 5))
        draw.rectangle((x, y, x + width, size[1] * 0.94), fill=(15, 15, 15))
        x += width + float(rng.integers(1, 5))


def _draw_machine_lines(
    rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int], ink: Colour
) -> None:
    draw.rectangle((0, size[1] * 0.8, size[0], size[1]), fill=random_colour(rng, 200))
    for row in range(2):
        text = "<".join(_text(rng, int(rng.integers(2, 9))) for _ in range(6))[:30].ljust(30, "<")
        draw.text((size[0] * 0.04, size[1] * (0.82 + 0.08 * row)), text, (20, 20, 20), _font(size[1] * 0.08))
