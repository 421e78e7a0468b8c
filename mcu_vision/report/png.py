"""Drawings as PNG, in the light theme."""

import io

from PIL import Image, ImageColor, ImageDraw, ImageFont

from mcu_vision.report.drawing import INKS, Boxes, Colour, Dot, Drawing, Line, Text

SCALE = 2
"""Pixels of the file for each of the drawing, for sharp text on dense screens."""
SMOOTHING = 2
ANCHORS = {"start": "lm", "middle": "mm", "end": "rm"}


def to_png(drawing: Drawing) -> bytes:
    """The file's bytes."""
    painter = _Painter(drawing)
    for shape in drawing.shapes:
        if not isinstance(shape, Text):
            painter.paint(shape)
    size = (drawing.width * SCALE, drawing.height * SCALE)
    image = painter.image.resize(size, Image.Resampling.BOX)
    draw = ImageDraw.Draw(image)
    for shape in drawing.shapes:
        if isinstance(shape, Text):
            font = ImageFont.load_default(shape.size * SCALE)
            draw.text((shape.x * SCALE, shape.y * SCALE), shape.text, _rgb(shape.colour), font, ANCHORS[shape.anchor])
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


class _Painter:
    """Everything but text, larger than the file, so that reducing it smooths edges."""

    def __init__(self, drawing: Drawing) -> None:
        self.factor = SCALE * SMOOTHING
        size = (drawing.width * self.factor, drawing.height * self.factor)
        self.image = Image.new("RGB", size, _rgb("paper"))
        self.draw = ImageDraw.Draw(self.image, "RGBA")

    def paint(self, shape: Boxes | Line | Dot) -> None:
        if isinstance(shape, Boxes):
            for x, y, w, h in shape.boxes:
                right, bottom = self._at(x + w, y + h)
                left, top = self._at(x, y)
                self.draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), _rgb(shape.fill))
        elif isinstance(shape, Line):
            self._line(shape)
        else:
            corners = [self._at(shape.x + d, shape.y + d) for d in (-shape.radius, shape.radius)]
            self.draw.ellipse(corners, _rgb(shape.colour))

    def _at(self, x: float, y: float) -> tuple[int, int]:
        return round(x * self.factor), round(y * self.factor)

    def _line(self, line: Line) -> None:
        points = [self._at(x, y) for x, y in line.points]
        width = round(line.width * self.factor)
        if line.base is not None:
            base = round(line.base * self.factor)
            self.draw.polygon([*points, (points[-1][0], base), (points[0][0], base)], (*_rgb(line.colour), 46))
        if not line.dashed:
            self.draw.line(points, _rgb(line.colour), width)
            return
        (x, y), (right, _) = points  # dashed lines are level
        for start in range(x, right, 9 * self.factor):
            self.draw.line([(start, y), (min(right, start + 5 * self.factor), y)], _rgb(line.colour), width)


def _rgb(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = ImageColor.getrgb(INKS[colour][0] if colour in INKS else colour)[:3]
    return red, green, blue
