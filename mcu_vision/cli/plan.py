"""mcu-vision plan"""

from rich.console import Console
from rich.table import Table

from mcu_vision.boards import load_board
from mcu_vision.cli import options
from mcu_vision.cli.pipeline import find_model, plan_for_board
from mcu_vision.saved_model import load_graph


def plan(
    model: options.Model = options.DEFAULT_MODEL,
    board: options.BoardName = options.DEFAULT_BOARD,
    schedule: options.Schedule = "auto",
    as_json: options.Json = False,
) -> None:
    """Show where every buffer of a model lies in the board's RAM, without building.

    Example: mcu-vision plan --model face-m4 --schedule layers
    """
    options.check_choice(schedule, ("auto", "stream", "layers"), "--schedule")
    program = plan_for_board(load_graph(find_model(model)), load_board(board), schedule)
    if as_json:
        options.print_json(program.to_json())
        return
    table = Table(title=f"{program.graph.name}: {program.total_bytes:,} bytes, schedule {program.schedule_kind}")
    for column in ("buffer", "kind", "region", "offset", "rows", "bytes", "in use (steps)"):
        left = column in ("buffer", "kind", "region")
        table.add_column(column, justify="left" if left else "right", overflow="fold")
    for b in sorted(program.buffers, key=lambda b: (b.region, b.arena_offset)):
        span = f"{b.first_step}-{b.last_step}"
        offset, size = f"{b.arena_offset:,}", f"{b.size_bytes:,}"
        table.add_row(b.name, b.kind, b.region, offset, str(b.capacity), size, span)
    Console().print(table)
