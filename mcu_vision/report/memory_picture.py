"""The arenas over one inference: which buffer occupies which bytes at which step, and how much is live."""

from itertools import groupby

import numpy as np

from mcu_vision.plan import Program
from mcu_vision.report.axes import Axes
from mcu_vision.report.bands import WEIGHTS, Band, bands
from mcu_vision.report.drawing import Boxes, Drawing, Line, Shape, Text, text_width
from mcu_vision.report.labels import place_label

WIDTH, LEFT, RIGHT = 1120, 62, 14
MAPS_HEIGHT, LEAST_HEIGHT, GAP = 400.0, 46.0, 26.0
LIVE_HEIGHT = 130.0
KIND_COLOURS = {"input": "#a9c4e4", "state": "#c9b6e4", "scratch": "#c5cad3", WEIGHTS: "#9aa3b5"}
COLOURS = ("#f2b880", "#a8d5a2", "#f2a6a0", "#8fd0cf", "#e3cf7d", "#d9a8c7", "#b9cf8a", "#f0c3a5", "#9bbfe0", "#d8c3a0")
KIND_WORDS = {
    "input": "image",
    "activation": "rows of a map",
    "state": "state",
    "scratch": "scratch",
    WEIGHTS: "weights in RAM",
}


def draw_memory(program: Program, budget_bytes: int) -> Drawing:
    """Each region's arena, addresses upwards, and weights above it; below them live bytes, the arenas' size and the
    lower bound.

    budget_bytes: what the arenas may take together.
    """
    steps = len(program.schedule)
    extents = {name: size + program.promoted_bytes[name] for name, size in program.arena_bytes.items()}
    total = max(1, sum(extents.values()))
    colours = _colours(program)
    found = bands(program)
    shapes: list[Shape] = []
    top = 44.0
    for region, extent in extents.items():
        if not extent:
            continue
        height = max(LEAST_HEIGHT, MAPS_HEIGHT * extent / total)
        axes = Axes(LEFT, top, WIDTH - LEFT - RIGHT, height, steps, extent)
        shapes.append(Text(LEFT, top - 10, f"{region}, {extent:,} B (KB)", "muted"))
        shapes += _draw_region(axes, [b for b in found if b.region == region], colours)
        shapes += _cut_lines(program, axes)
        top += height + GAP
    axes = Axes(LEFT, top, WIDTH - LEFT - RIGHT, LIVE_HEIGHT, steps, 1.12 * max(program.total_bytes, 1))
    shapes += _draw_live(program, axes, budget_bytes)
    shapes += _legend(program, top + LIVE_HEIGHT + 34)
    title = f"{program.graph.name}: arena {program.total_bytes:,} B over {steps:,} steps"
    shapes.append(Text(LEFT, 14, title, "ink", 14))
    return Drawing(WIDTH, round(top + LIVE_HEIGHT + 50), title, shapes)


def _colours(program: Program) -> dict[str, str]:
    maps = [b.name for b in program.buffers if b.kind not in KIND_COLOURS]
    colours = {b.name: KIND_COLOURS[b.kind] for b in program.buffers if b.kind in KIND_COLOURS}
    colours[WEIGHTS] = KIND_COLOURS[WEIGHTS]
    return colours | {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(maps)}


def _draw_region(axes: Axes, found: list[Band], colours: dict[str, str]) -> list[Shape]:
    shapes: list[Shape] = [axes.ground(), *axes.rules(1024)]
    labels: list[Shape] = []
    for name, group in groupby(found, key=lambda b: b.name):
        members = list(group)
        boxes = tuple(_box(axes, band) for band in members)
        shapes.append(Boxes(boxes, colours[name], _title(members)))
        label = place_label(name, boxes)
        labels += [label] if label else []
    return shapes + labels


def _box(axes: Axes, band: Band) -> tuple[float, float, float, float]:
    x, y = axes.x(band.first_step), axes.y(band.offset + band.size)
    return x, y, axes.x(band.last_step + 1) - x, axes.y(band.offset) - y


def _title(members: list[Band]) -> str:
    first, last = min(b.first_step for b in members), max(b.last_step for b in members)
    low, high = min(b.offset for b in members), max(b.offset + b.size for b in members)
    live = np.zeros(last - first + 2, np.int64)
    for band in members:
        live[band.first_step - first] += band.size
        live[band.last_step + 1 - first] -= band.size
    most = int(live.cumsum().max())
    kind = KIND_WORDS.get(members[0].kind, members[0].kind)
    where = f"{members[0].region} {low:,} to {high:,}"
    return f"{members[0].name}: {kind}, at most {most:,} B at once\n{where}, steps {first:,} to {last:,}"


def _cut_lines(program: Program, axes: Axes) -> list[Shape]:
    """Where a stream ends and the next begins; none if that is after every operator."""
    if len(program.cuts) + 1 == len(program.graph.ops):
        return []
    starts = [next(p for p, step in enumerate(program.schedule) if step.op >= cut) for cut in program.cuts]
    title = "a stream ends, the next begins"
    return [Line(((axes.x(s), axes.top), (axes.x(s), axes.bottom)), "muted", 0.8, title=title) for s in starts]


def _draw_live(program: Program, axes: Axes, budget_bytes: int) -> list[Shape]:
    live = program.live_bytes()
    shapes: list[Shape] = [axes.ground(), *axes.rules(1024), *axes.x_numbers()]
    points: list[tuple[float, float]] = []
    for step, size in enumerate(live.tolist()):
        if step and size == live[step - 1]:
            continue
        before = int(live[step - 1]) if step else size
        points += [(axes.x(step), axes.y(before)), (axes.x(step), axes.y(size))]
    points.append((axes.x(len(live)), axes.y(int(live[-1]))))
    shapes.append(Line(tuple(points), "live", 1.2, base=axes.bottom))
    right = axes.left + axes.width
    levels = [(program.lower_bound_bytes, "bound", "lower bound"), (program.total_bytes, "ink", "arena")]
    if budget_bytes <= axes.y_end:
        levels.append((budget_bytes, "budget", "budget"))
    for size, colour, name in levels:
        line = ((axes.left, axes.y(size)), (right, axes.y(size)))
        shapes.append(Line(line, colour, 1.2, dashed=True, title=f"{name} {size:,} B"))
    return shapes + _key(program, axes, budget_bytes)


def _key(program: Program, axes: Axes, budget_bytes: int) -> list[Shape]:
    """What the lines are, each in its colour."""
    above = "" if budget_bytes <= axes.y_end else ", above this picture"
    entries = [
        ("live in all regions (KB)", "live"),
        (f"lower bound {program.lower_bound_bytes:,} B", "bound"),
        (f"arena {program.total_bytes:,} B", "ink"),
        (f"budget of the arena {budget_bytes:,} B{above}", "budget"),
    ]
    shapes: list[Shape] = []
    x = axes.left
    for text, colour in entries:
        shapes.append(Text(x, axes.top - 10, text, colour))
        x += text_width(text, 11) + 24
    return shapes


def _legend(program: Program, y: float) -> list[Shape]:
    shapes: list[Shape] = []
    x = float(LEFT)
    present = {b.kind for b in program.buffers} | ({WEIGHTS} if program.promoted else set())
    kinds = [kind for kind in KIND_WORDS if kind in present]
    for kind in kinds:
        colours = (KIND_COLOURS[kind],) if kind in KIND_COLOURS else COLOURS[:4]
        for colour in colours:
            shapes.append(Boxes(((x, y - 5, 10, 10),), colour))
            x += 10
        shapes.append(Text(x + 5, y, KIND_WORDS[kind], "muted", 10))
        x += 28 + 6 * len(KIND_WORDS[kind])
    shapes.append(Text(WIDTH - RIGHT, y, "step of the schedule", "muted", 10, "end"))
    return shapes
