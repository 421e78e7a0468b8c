"""Bars of where the time of an inference goes: by operator, and by hot basic block."""

from mcu_vision.report.axes import ticks
from mcu_vision.report.drawing import INKS, Boxes, Drawing, Line, Shape, Text, text_width
from mcu_vision.report.profile_rows import BlockRow, InferenceProfile, ProfileRow

WIDTH, NAMES, FIGURES, ROW = 980, 250, 190, 18
LEAST_SHARE = 0.002
"""Operators of less are one bar together."""
WAITS, PALE = "#d98a2b", "#a9c6ec"
MILLION = 1e6


def draw_profile(name: str, profile: InferenceProfile) -> Drawing:
    """Estimated cycles of operators and basic blocks; of operators the part that waits for flash stands out."""
    operators = _operators(profile)
    heights = [(len(rows) * ROW) for rows in (operators, profile.blocks)]
    title = f"{name}: {profile.cycles_flash / MILLION:,.1f} M cycles an inference (estimated)"
    shapes: list[Shape] = [Text(12, 16, title, "ink", 14)]
    shapes += _legend(34)
    shapes += _bars(operators, [row.cycles_flash for row in operators], 60)
    for i, row in enumerate(operators):
        shapes += _operator(row, 60 + i * ROW, max(r.cycles_flash for r in operators))
    top = 60 + heights[0] + 60
    shapes.append(Text(12, top - 22, "Basic blocks of most cycles, each for one operator", "ink", 13))
    if profile.blocks:
        shapes += _bars(list(profile.blocks), [block.cycles_flash for block in profile.blocks], top)
        for i, block in enumerate(profile.blocks):
            shapes += _block(block, top + i * ROW, profile.blocks[0].cycles_flash)
    return Drawing(WIDTH, top + heights[1] + 34, title, shapes)


def _operators(profile: InferenceProfile) -> list[ProfileRow]:
    """Rows to draw; small ones are summed up at the end."""
    large = [row for row in profile.rows if row.share >= LEAST_SHARE]
    small = [row for row in profile.rows if row.share < LEAST_SHARE]
    if len(small) < 2:
        return list(profile.rows)
    instructions, cycles, flash = (
        sum(getattr(r, f) for r in small) for f in ("instructions", "cycles", "cycles_flash")
    )
    share = sum(row.share for row in small)
    return [*large, ProfileRow(f"{len(small)} others", "", (), 0, 0, instructions, cycles, flash, share, {}, {})]


def _legend(y: float) -> list[Shape]:
    return [
        Boxes(((12, y - 5, 10, 10),), "live"),
        Text(27, y, "without wait states", "muted"),
        Boxes(((150, y - 5, 10, 10),), WAITS),
        Text(165, y, "waiting for flash", "muted"),
    ]


def _bars(rows: list[ProfileRow] | list[BlockRow], cycles: list[int], top: float) -> list[Shape]:
    """The ground of a group of bars, and its scale."""
    bottom = top + len(rows) * ROW
    wide, largest = WIDTH - NAMES - FIGURES, max(cycles)
    shapes: list[Shape] = [Boxes(((NAMES, top, wide, bottom - top),), "ground")]
    for value in ticks(0, largest / MILLION, wide / 90):
        x = NAMES + wide * value * MILLION / largest
        shapes.append(Line(((x, top), (x, bottom)), "rule", 0.7))
        shapes.append(Text(x, bottom + 11, f"{value:g} M", "muted", 10, "middle"))
    return shapes


def _operator(row: ProfileRow, top: float, largest: int) -> list[Shape]:
    scale = (WIDTH - NAMES - FIGURES) / largest
    middle, busy = top + ROW / 2, row.cycles * scale
    per_mac = f"{row.instructions_per_mac:.2f} instr/MAC" if row.instructions_per_mac is not None else ""
    title = f"{row.name}: {row.instructions:,} instructions, {row.cycles_flash:,} cycles"
    return [
        Text(NAMES - 8, middle, _shorten(row.name, NAMES - 16), "ink", 11, "end"),
        Boxes(((NAMES, top + 3, busy, ROW - 6),), "live", title),
        Boxes(((NAMES + busy, top + 3, max(0.0, row.cycles_flash * scale - busy), ROW - 6),), WAITS, title),
        Text(WIDTH - FIGURES + 50, middle, f"{100 * row.share:.1f} %", "ink", 11, "end"),
        Text(WIDTH - 12, middle, per_mac, "muted", 11, "end"),
    ]


def _block(block: BlockRow, top: float, largest: int) -> list[Shape]:
    wide = (WIDTH - NAMES - FIGURES) * block.cycles_flash / largest
    middle = top + ROW / 2
    where = f"{block.function} {block.source}".strip()
    title = f"{where}, for {block.operator}: {block.executions:,} times\n" + "\n".join(block.code)
    inside = text_width(block.text, 9) + 12 < wide
    room = WIDTH - FIGURES - NAMES - wide - 12
    note = (
        Text(NAMES + 6, middle, block.text, INKS["ink"][0], 9)
        if inside
        else Text(NAMES + wide + 6, middle, _shorten(block.text, room, 9), "ink", 9)
    )
    return [
        Text(NAMES - 8, middle, _shorten(where, NAMES - 16), "ink", 11, "end"),
        Boxes(((NAMES, top + 2, wide, ROW - 4),), PALE, title),
        note,
        Text(WIDTH - FIGURES + 50, middle, f"{100 * block.share:.1f} %", "ink", 11, "end"),
        Text(WIDTH - 12, middle, f"{block.executions:,} times", "muted", 11, "end"),
    ]


def _shorten(text: str, width: float, size: float = 11) -> str:
    """`text` without its beginning if it is too long."""
    while text_width(text, size) > width and len(text) > 1:
        text = "…" + text[2:]
    return text
