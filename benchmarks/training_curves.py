"""A picture of how trainings go: a figure after each pass, a line each."""

from collections.abc import Mapping, Sequence

from mcu_vision.report.axes import Axes
from mcu_vision.report.drawing import Drawing, Line, Shape, Text

WIDTH, HEIGHT, LEFT, TOP = 760, 400, 66, 44
LEGEND_WIDTH = 190
COLOURS = ("#3b6fb6", "#c0392b", "#1e8449", "#8e44ad", "#d98c00", "#16a2b8")


def draw_curves(title: str, figure: str, unit: str, curves: Mapping[str, Sequence[tuple[float, float]]]) -> Drawing:
    """Lines by name. figure, unit: names of y and x; curves: points (x, y), at least one each."""
    points = [point for curve in curves.values() for point in curve]
    top = max(y for _, y in points)
    right = max(x for x, _ in points)
    axes = Axes(LEFT, TOP, WIDTH - LEFT - LEGEND_WIDTH, HEIGHT - TOP - 56, right, 1.08 * top)
    shapes: list[Shape] = [axes.ground(), *axes.rules(), *axes.x_numbers()]
    for index, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[index % len(COLOURS)]
        shapes.append(Line(tuple((axes.x(x), axes.y(y)) for x, y in curve), colour, 1.8, title=name))
        place, y = WIDTH - LEGEND_WIDTH + 14, TOP + 10 + 20 * index
        shapes += [Line(((place, y), (place + 18, y)), colour, 3), Text(place + 25, y, name, "ink", 11)]
    shapes += [
        Text(LEFT, 12, title, "ink", 14),
        Text(LEFT, TOP - 11, figure, "muted"),
        Text(axes.left + axes.width, HEIGHT - 10, unit, "muted", 11, "end"),
    ]
    return Drawing(WIDTH, HEIGHT, title, shapes)
