"""Precision against recall of a detector, a line a curve."""

from collections.abc import Mapping, Sequence

from mcu_vision.report.axes import Axes
from mcu_vision.report.drawing import Drawing, Line, Shape, Text

WIDTH, HEIGHT, LEFT, TOP = 760, 460, 56, 44
LEGEND_WIDTH = 236
COLOURS = ("#3b6fb6", "#c0392b", "#1e8449", "#8e44ad", "#d98c00", "#16a2b8", "#7f5539", "#5b6675")

Points = Sequence[tuple[float, float]]
"""Recall and precision, recall rising, both in [0, 1]."""


def draw_precision_recall(title: str, curves: Mapping[str, Points]) -> Drawing:
    """Curves by name, which the legend shows in this order; a name should hold the average precision."""
    axes = Axes(LEFT, TOP, WIDTH - LEFT - LEGEND_WIDTH, HEIGHT - TOP - 56, 1.0, 1.0)
    shapes: list[Shape] = [axes.ground(), *axes.rules(), *axes.x_numbers()]
    for index, (name, points) in enumerate(curves.items()):
        colour = COLOURS[index % len(COLOURS)]
        if points:
            start = (0.0, points[0][1])
            line = tuple((axes.x(recall), axes.y(precision)) for recall, precision in (start, *points))
            shapes.append(Line(line, colour, 1.6, title=name))
        y = TOP + 10 + 20 * index
        right = WIDTH - LEGEND_WIDTH + 14
        shapes += [Line(((right, y), (right + 18, y)), colour, 3), Text(right + 25, y, name, "ink", 11)]
    shapes += [
        Text(LEFT, 12, title, "ink", 14),
        Text(LEFT, TOP - 11, "precision", "muted"),
        Text(axes.left + axes.width, HEIGHT - 22, "recall", "muted", 11, "end"),
    ]
    return Drawing(WIDTH, HEIGHT, title, shapes)
