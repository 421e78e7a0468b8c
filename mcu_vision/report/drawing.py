"""Pictures as lists of shapes, in pixels from the top left; rendered by svg.py and png.py."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Colour: TypeAlias = str
"""A name of INKS, which follow the page's theme, or #rrggbb, which does not."""

INKS: dict[str, tuple[str, str]] = {
    "paper": ("#ffffff", "#14181f"),
    "ink": ("#1c2430", "#e6eaf0"),
    "muted": ("#5b6675", "#98a3b3"),
    "rule": ("#d9dee5", "#2d3644"),
    "ground": ("#f4f6f8", "#1b212b"),
    "live": ("#3b6fb6", "#7aa7e6"),
    "budget": ("#c0392b", "#ff7b6b"),
    "bound": ("#1e8449", "#58c98a"),
}
"""Light and dark value of each colour that follows the theme."""


@dataclass(frozen=True)
class Boxes:
    """Rectangles (x, y, width, height) of one fill, with a title to see on hovering."""

    boxes: tuple[tuple[float, float, float, float], ...]
    fill: Colour
    title: str = ""


@dataclass(frozen=True)
class Line:
    """A line through points; filled down to `base` (a y) if it is given."""

    points: tuple[tuple[float, float], ...]
    colour: Colour
    width: float = 1.0
    dashed: bool = False
    base: float | None = None
    title: str = ""


@dataclass(frozen=True)
class Dot:
    """A filled circle."""

    x: float
    y: float
    radius: float
    colour: Colour
    title: str = ""


@dataclass(frozen=True)
class Text:
    """A line of text; y: its middle. anchor: what of the text is at x."""

    x: float
    y: float
    text: str
    colour: Colour = "ink"
    size: float = 11.0
    anchor: Literal["start", "middle", "end"] = "start"


Shape: TypeAlias = Boxes | Line | Dot | Text


@dataclass
class Drawing:
    """Shapes, the first at the bottom. label: what the picture shows, for those who do not see it."""

    width: int
    height: int
    label: str
    shapes: list[Shape] = field(default_factory=list)


def text_width(text: str, size: float) -> float:
    """About how wide a text is, in pixels: enough to tell whether it fits."""
    return 0.56 * size * len(text)
