"""A plot's frame: where values lie, and the lines and numbers at its edges."""

from dataclasses import dataclass
from math import ceil, floor, log10

from mcu_vision.report.drawing import Boxes, Line, Shape, Text


@dataclass(frozen=True)
class Axes:
    """Maps x in [x_start, x_end] and y in [y_start, y_end] to a rectangle of pixels, y upwards."""

    left: float
    top: float
    width: float
    height: float
    x_end: float
    y_end: float
    x_start: float = 0.0
    y_start: float = 0.0

    @property
    def bottom(self) -> float:
        """The pixel of y_start."""
        return self.top + self.height

    def x(self, value: float) -> float:
        """Pixel of a value."""
        return self.left + self.width * (value - self.x_start) / (self.x_end - self.x_start)

    def y(self, value: float) -> float:
        """Pixel of a value."""
        return self.bottom - self.height * (value - self.y_start) / (self.y_end - self.y_start)

    def ground(self) -> Boxes:
        """The area."""
        return Boxes(((self.left, self.top, self.width, self.height),), "ground")

    def rules(self, unit: float = 1.0, every: float = 40.0) -> list[Shape]:
        """Level lines with numbers of y / unit, about `every` pixels apart."""
        shapes: list[Shape] = []
        for value in ticks(self.y_start / unit, self.y_end / unit, self.height / every):
            y = self.y(value * unit)
            shapes += [
                Line(((self.left, y), (self.left + self.width, y)), "rule", 0.7),
                Text(self.left - 7, y, f"{value:,g}", "muted", 10, "end"),
            ]
        return shapes

    def x_numbers(self, unit: float = 1.0) -> list[Shape]:
        """Numbers of x / unit below the area."""
        values = ticks(self.x_start / unit, self.x_end / unit, self.width / 110)
        return [Text(self.x(v * unit), self.bottom + 12, f"{v:,g}", "muted", 10, "middle") for v in values]


def ticks(start: float, end: float, about: float) -> list[float]:
    """Round numbers from `start` to `end`, at most `about` steps apart."""
    least = (end - start) / max(about, 1)
    power = 10.0 ** floor(log10(least))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))
    return [round(step * i, 10) for i in range(ceil(start / step - 1e-9), floor(end / step + 1e-9) + 1)]
