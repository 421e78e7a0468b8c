"""Finds room for a name within the rectangles that a buffer occupies."""

import numpy as np
import numpy.typing as npt

from mcu_vision.report.drawing import INKS, Text, text_width

CELL = 2.0
"""Pixels of the grid on which room is sought."""
SIZES = (11.0, 9.0)


Box = tuple[float, float, float, float]
"""x, y, width, height."""


def place_label(name: str, boxes: tuple[Box, ...]) -> Text | None:
    """The name, or its last three parts, where the boxes hold all of it, as near their middle as may be; or None."""
    left, top = min(x for x, _, _, _ in boxes), min(y for _, y, _, _ in boxes)
    right, bottom = max(x + w for x, _, w, _ in boxes), max(y + h for _, y, _, h in boxes)
    grid = np.zeros((int((bottom - top) / CELL) + 1, int((right - left) / CELL) + 1), bool)
    for x, y, w, h in boxes:
        down, across = round((y - top) / CELL), round((x - left) / CELL)
        grid[down : round((y + h - top) / CELL), across : round((x + w - left) / CELL)] = True
    for text in dict.fromkeys((name, ".".join(name.split(".")[-3:]))):
        for size in SIZES:
            wide, high = text_width(text, size) + 8, size + 2
            corner = _find_room(grid, int(np.ceil(wide / CELL)), int(np.ceil(high / CELL)))
            if corner is not None:
                x, y = left + corner[0] * CELL + wide / 2, top + corner[1] * CELL + high / 2
                return Text(x, y, text, INKS["ink"][0], size, "middle")
    return None


def _find_room(grid: npt.NDArray[np.bool_], wide: int, high: int) -> tuple[int, int] | None:
    """Column and row of the free rectangle that is nearest to the middle of what is true."""
    sums = np.pad(grid.astype(np.int32).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inside = sums[high:, wide:] - sums[:-high, wide:] - sums[high:, :-wide] + sums[:-high, :-wide]
    corners = np.argwhere(inside == high * wide)
    if not len(corners):
        return None
    middle = np.argwhere(grid).mean(0) - (high / 2, wide / 2)
    row, column = corners[np.hypot(*(corners - middle).T).argmin()]
    return int(column), int(row)
