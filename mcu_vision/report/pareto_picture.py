"""The compromises between memory and time that the planner found for a graph."""

from collections.abc import Sequence

from mcu_vision.plan import Program
from mcu_vision.report.axes import Axes
from mcu_vision.report.drawing import Dot, Drawing, Line, Shape, Text

WIDTH, HEIGHT, LEFT, TOP = 760, 400, 66, 44
KB, MILLION = 1024, 1e6


def draw_pareto(name: str, plans: Sequence[Program], budget_bytes: int) -> Drawing:
    """Arena against cycles of one inference, a dot a plan; no plan of those found has less of both than a dot.

    plans: one or more, the smallest arena first.
    """
    sizes, cycles = [p.total_bytes for p in plans], [p.cycles_estimated for p in plans]
    bounds = [p.lower_bound_bytes for p in plans]
    spread = max(max(cycles) - min(cycles), 0.02 * max(cycles))
    axes = Axes(
        LEFT,
        TOP,
        WIDTH - LEFT - 20,
        HEIGHT - TOP - 56,
        1.08 * max(sizes),
        max(cycles) + 0.12 * spread,
        0.9 * min([*sizes, *bounds]),
        max(0.0, min(cycles) - 0.15 * spread),
    )
    shapes: list[Shape] = [axes.ground(), *axes.rules(MILLION), *axes.x_numbers(KB)]
    shapes.append(Line(_stairs(axes, sizes, cycles), "live", 1.4))
    for plan in plans:
        title = f"{plan.total_bytes:,} B, {plan.cycles_estimated:,} cycles\n{plan.schedule_kind}"
        shapes.append(Dot(axes.x(plan.total_bytes), axes.y(plan.cycles_estimated), 4.5, "live", title))
    for size, colour, text in ((min(bounds), "bound", "lower bound"), (budget_bytes, "budget", "budget")):
        if axes.x_start <= size <= axes.x_end:
            shapes.append(Line(((axes.x(size), axes.top), (axes.x(size), axes.bottom)), colour, 1.2, title=text))
            shapes.append(Text(axes.x(size), axes.bottom + 26, f"{text} {size:,} B", colour, 10, "middle"))
    title = f"{name}: arena against estimated cycles of one inference, {count_plans(plans)}"
    shapes += [
        Text(LEFT, 12, title, "ink", 14),
        Text(LEFT, TOP - 11, "million cycles, no wait states (estimated)", "muted"),
        Text(WIDTH - 20, HEIGHT - 10, "arena, KB", "muted", 11, "end"),
    ]
    return Drawing(WIDTH, HEIGHT, title, shapes)


def count_plans(plans: Sequence[Program]) -> str:
    """How many, in words."""
    return "1 plan" if len(plans) == 1 else f"{len(plans)} plans"


def _stairs(axes: Axes, sizes: list[int], cycles: list[int]) -> tuple[tuple[float, float], ...]:
    """The fewest cycles at each size."""
    points = [(axes.x(sizes[0]), axes.top)]
    for size, count in zip(sizes, cycles, strict=True):
        points += [(axes.x(size), points[-1][1]), (axes.x(size), axes.y(count))]
    return (*points, (axes.left + axes.width, points[-1][1]))
