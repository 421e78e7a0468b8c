"""mcu-vision plan"""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mcu_vision.boards import load_board
from mcu_vision.cli import options
from mcu_vision.cli.pipeline import find_model, plan_for_board
from mcu_vision.plan import Program
from mcu_vision.saved_model import load_graph


def plan(
    model: options.Model = options.DEFAULT_MODEL,
    board: options.BoardName = options.DEFAULT_BOARD,
    schedule: options.Schedule = "auto",
    as_json: options.Json = False,
) -> None:
    """Show where every buffer of a model lies in the board's RAM, and at which steps, without building.

    Example: mcu-vision plan --model face-m4 --schedule layers
    """
    options.check_choice(schedule, ("auto", "stream", "layers"), "--schedule")
    program = plan_for_board(load_graph(find_model(model)), load_board(board), schedule)
    if as_json:
        options.print_json(program.to_json())
        return
    _print(program)


def _print(program: Program) -> None:
    console = Console(highlight=False)
    console.print(f"{program.graph.name}: {program.total_bytes:,} bytes, {len(program.schedule):,} steps")
    console.print(f"schedule: {program.schedule_kind}")
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("region", "offset", "bytes", "rows", "in use", "buffer"):
        table.add_column(column, justify="left" if column in ("region", "buffer") else "right", overflow="fold")
    for b in sorted(program.buffers, key=lambda b: (b.region, b.arena_offset)):
        span = f"{b.first_step}-{b.last_step}"
        table.add_row(b.region, f"{b.arena_offset:,}", f"{b.size_bytes:,}", str(b.capacity), span, escape(b.name))
    console.print(table)
