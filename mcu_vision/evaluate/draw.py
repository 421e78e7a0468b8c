"""Pictures of detections: boxes with scores on a photo, and contact sheets."""

from collections.abc import Sequence
from math import ceil

from PIL import Image, ImageDraw, ImageFont

from mcu_vision.evaluate.box_overlap import FloatArray

SMALLEST_SIDE = 640
DETECTION_COLOUR = (57, 255, 20)
TRUTH_COLOUR = (255, 64, 200)
OUTLINE_COLOUR = (0, 0, 0)


def draw_boxes(
    image: Image.Image,
    boxes: FloatArray,
    truth: FloatArray | None = None,
    smallest_side: int = SMALLEST_SIDE,
) -> Image.Image:
    """An RGB copy of `image` with boxes (D, 5) x, y, width, height, score drawn on it, best on top.

    truth: annotated faces (F, 4), drawn thinner in another colour. A picture whose longer side is below
    `smallest_side` pixels is enlarged, so that lines and scores stay readable.
    """
    zoom = max(1.0, smallest_side / max(image.size))
    size = (round(image.width * zoom), round(image.height * zoom))
    picture = image.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    unit = max(size) / SMALLEST_SIDE
    font = ImageFont.load_default(round(13 * unit))
    for face in truth if truth is not None else ():
        _frame(draw, _corners(face, zoom), max(1, round(2 * unit)), TRUTH_COLOUR)
    by_score = sorted(boxes, key=lambda box: float(box[4]))
    for box in by_score:
        _label(draw, _corners(box, zoom), f"{box[4]:.2f}", font, size)
    # After all labels, so that none hides a box.
    for box in by_score:
        _frame(draw, _corners(box, zoom), max(2, round(3 * unit)), DETECTION_COLOUR)
    return picture


def _corners(box: FloatArray, zoom: float) -> tuple[float, float, float, float]:
    x, y, width, height = (float(value) * zoom for value in box[:4])
    return x, y, x + width, y + height


def _frame(
    draw: ImageDraw.ImageDraw,
    corners: tuple[float, float, float, float],
    line_width: int,
    colour: tuple[int, int, int],
) -> None:
    """A rectangle with a dark line around it, to be seen on any background."""
    x0, y0, x1, y1 = corners
    draw.rectangle((x0 - 1, y0 - 1, x1 + 1, y1 + 1), outline=OUTLINE_COLOUR, width=line_width + 2)
    draw.rectangle(corners, outline=colour, width=line_width)


def _label(
    draw: ImageDraw.ImageDraw,
    corners: tuple[float, float, float, float],
    text: str,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    size: tuple[int, int],
) -> None:
    """Text above the box, or below it where there is no room, inside the picture of this size."""
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    width, height = right - left + 4, bottom - top + 4
    x = min(max(corners[0], 0), size[0] - width)
    y = corners[1] - height if corners[1] >= height else min(corners[3], size[1] - height)
    draw.rectangle((x, y, x + width, y + height), fill=DETECTION_COLOUR)
    draw.text((x + 2 - left, y + 2 - top), text, font=font, fill=OUTLINE_COLOUR)


def contact_sheet(pictures: Sequence[Image.Image], columns: int = 4, cell: tuple[int, int] = (480, 360)) -> Image.Image:
    """All pictures in one, row by row in cells of width x height pixels, each scaled to fit its cell."""
    columns = max(1, min(columns, len(pictures)))
    gap = 4
    rows = ceil(len(pictures) / columns)
    size = (columns * (cell[0] + gap) + gap, rows * (cell[1] + gap) + gap)
    sheet = Image.new("RGB", size, (32, 32, 32))
    for index, picture in enumerate(pictures):
        scale = min(cell[0] / picture.width, cell[1] / picture.height)
        fitted = picture.convert("RGB").resize(
            (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))),
            Image.Resampling.LANCZOS,
        )
        x = gap + index % columns * (cell[0] + gap) + (cell[0] - fitted.width) // 2
        y = gap + index // columns * (cell[1] + gap) + (cell[1] - fitted.height) // 2
        sheet.paste(fitted, (x, y))
    return sheet
