"""What a search did: its rewards over time, and its networks' quality against their cycles."""

from collections.abc import Mapping, Sequence

from mcu_vision.report.axes import Axes
from mcu_vision.report.drawing import Dot, Drawing, Line, Shape, Text

WIDTH, HEIGHT, LEFT, TOP = 760, 400, 66, 44
MILLION = 1e6
COLOURS = ("live", "budget", "bound")
SMOOTHING = 0.05
"""Weight of a new value in the moving average that is drawn."""

Point = tuple[float, float]


def draw_trajectory(title: str, rewards: Mapping[str, Sequence[float]]) -> Drawing:
    """Reward by step for each arm of the search, moving averages over about twenty steps.

    rewards: by arm, at least one value each.
    """
    curves = {arm: _moving_average(values) for arm, values in rewards.items()}
    drawn = [value for curve in curves.values() for value in curve]
    low, high = min(drawn), max(drawn)
    margin = max(0.02, 0.08 * (high - low))
    steps = max(len(curve) for curve in curves.values())
    axes = Axes(LEFT, TOP, WIDTH - LEFT - 20, HEIGHT - TOP - 56, steps, high + margin, 0, low - margin)
    shapes: list[Shape] = [axes.ground(), *axes.rules(), *axes.x_numbers()]
    for index, (arm, curve) in enumerate(curves.items()):
        points = tuple((axes.x(step + 1), axes.y(value)) for step, value in enumerate(curve))
        colour = COLOURS[index % len(COLOURS)]
        if len(points) > 1:
            shapes.append(Line(points, colour, 1.6, title=arm))
        shapes.append(Text(WIDTH - 20 - 110 * (len(curves) - 1 - index), TOP - 11, arm, colour, 12, "end"))
    shapes += [
        Text(LEFT, 12, title, "ink", 14),
        Text(LEFT, TOP - 11, "reward, moving average", "muted"),
        Text(WIDTH - 20, HEIGHT - 10, "steps after the warm-up", "muted", 11, "end"),
    ]
    return Drawing(WIDTH, HEIGHT, title, shapes)


def draw_search_pareto(
    title: str,
    quality_name: str,
    seen: Mapping[str, Sequence[Point]],
    best: Mapping[str, Sequence[Point]],
    target: float,
) -> Drawing:
    """Quality against estimated cycles: small dots for all networks seen, large ones for the best of each arm.

    seen, best: (cycles, quality) by arm; seen has at least one point. target: cycles asked for.
    """
    points = [p for group in (seen, best) for arm in group.values() for p in arm]
    qualities, cycles = [q for _, q in points], [c for c, _ in points]
    margin = max(0.01, 0.06 * (max(qualities) - min(qualities)))
    axes = Axes(
        LEFT,
        TOP,
        WIDTH - LEFT - 20,
        HEIGHT - TOP - 56,
        1.05 * max(*cycles, target),
        max(qualities) + margin,
        0.9 * min(*cycles, target),
        min(qualities) - margin,
    )
    shapes: list[Shape] = [axes.ground(), *axes.rules(), *axes.x_numbers(MILLION)]
    place = axes.x(target)
    shapes.append(Line(((place, axes.top), (place, axes.bottom)), "muted", 1.2, title="target"))
    shapes.append(Text(place, axes.bottom + 26, f"target {target / MILLION:,.1f} M", "muted", 10, "middle"))
    for index, arm in enumerate(seen):
        colour = COLOURS[index % len(COLOURS)]
        shapes += [Dot(axes.x(c), axes.y(q), 1.6, colour) for c, q in seen[arm]]
        found = sorted(best.get(arm, ()))
        front = [p for p in found if all(q <= p[1] for c, q in found if c <= p[0])]
        if len(front) > 1:
            shapes.append(Line(_stairs(axes, front), colour, 1.4))
        shapes += [Dot(axes.x(c), axes.y(q), 4.5, colour, f"{arm}: {c:,.0f} cycles, {q:.3f}") for c, q in found]
        shapes.append(Text(WIDTH - 20 - 110 * (len(seen) - 1 - index), TOP - 11, arm, colour, 12, "end"))
    shapes += [
        Text(LEFT, 12, title, "ink", 14),
        Text(LEFT, TOP - 11, f"{quality_name}; small: as seen on a batch, large: rated", "muted"),
        Text(WIDTH - 20, HEIGHT - 10, "million cycles (estimated)", "muted", 11, "end"),
    ]
    return Drawing(WIDTH, HEIGHT, title, shapes)


def _moving_average(values: Sequence[float]) -> list[float]:
    """Of all values so far; new ones count more where there are many."""
    result: list[float] = []
    for number, value in enumerate(values):
        weight = max(SMOOTHING, 1 / (number + 1))
        result.append((1 - weight) * (result[-1] if result else 0.0) + weight * value)
    return result


def _stairs(axes: Axes, front: Sequence[Point]) -> tuple[Point, ...]:
    """The best quality within so many cycles."""
    places = [(axes.x(front[0][0]), axes.y(front[0][1]))]
    for cycles, quality in front[1:]:
        places += [(axes.x(cycles), places[-1][1]), (axes.x(cycles), axes.y(quality))]
    return tuple(places)
