"""mcu-vision cost"""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from mcu_vision.boards import load_board
from mcu_vision.cli import options
from mcu_vision.cli.candidates import ATTEMPTS, measure_random_network
from mcu_vision.cli.torch_models import parse_size
from mcu_vision.cli.workers import fan_out
from mcu_vision.errors import UserError
from mcu_vision.files import atomic_write, check_writable
from mcu_vision.models.network_config import TASKS
from mcu_vision.search.cost_model import CostModel, fit_costs
from mcu_vision.search.measured import Measured, read_measured, write_measured
from mcu_vision.search.random_networks import draw_network
from mcu_vision.search.space import SPACES, Space

cost = typer.Typer(name="cost", help="The search's cost model: what networks take on the board.", no_args_is_help=True)
SEEDS = {"fit": 0, "held_out": 1}
"""The two lists of random networks have nothing in common but the spaces."""


@cost.callback()
def _group() -> None:
    """Makes `fit` a verb of its own, although it is the only one."""


@cost.command()
def fit(
    out: Annotated[Path, typer.Option(help="The cost model to write (JSON), for `mcu-vision search --costs`.")],
    data: Annotated[
        Path | None,
        typer.Option(help="File of measured networks: what is in it is not measured again, what is new is added."),
    ] = None,
    networks: Annotated[int, typer.Option(min=1, metavar="N", help="Random networks to fit.")] = 150,
    held_out: Annotated[int, typer.Option(min=2, metavar="N", help="Others, which tell the error.")] = 50,
    space: Annotated[
        str | None, typer.Option(help="Fit to networks of one space of `search` alone, e.g. mobiledet-small.")
    ] = None,
    task: Annotated[str, typer.Option(help="With --space: vww or faces.")] = "vww",
    input_size: Annotated[
        str | None, typer.Option("--input", metavar="WxHxC", help="With --space: input, by default the task's.")
    ] = None,
    ram: Annotated[
        str | None, typer.Option(help="The most RAM of the networks' plans, as in `search`; default: the board's.")
    ] = None,
    board: options.BoardName = options.DEFAULT_BOARD,
    toolchain: options.Toolchain = "zig",
    workers: Annotated[int, typer.Option(min=1, metavar="N", help="Processes that measure.")] = 1,
    ray: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Measure on this Ray cluster instead.")] = None,
    as_json: options.Json = False,
) -> None:
    """Fit a linear cost model to random networks of the search spaces, measured on the emulated board.

    Each is planned for time, built as firmware and run once: its instructions are exact, its cycles estimates.

    Example: mcu-vision cost fit --out costs.json --workers 8

    Example: mcu-vision cost fit --out costs.json --data measured.json --networks 300 --ray auto

    Example: mcu-vision cost fit --out costs.json --space mobiledet-small --input 64x64x3 --ram 28K --networks 50
    """
    options.check_choice(toolchain, options.TOOLCHAINS, "--toolchain")
    options.check_choice(task, TASKS, "--task")
    if space is not None:
        options.check_choice(space, SPACES, "--space")
    drawn_from = Space(space, task, parse_size(input_size) if input_size else None) if space else None
    ram_bytes = options.plan_options("auto", ram, "time", False, "frame").ram_bytes
    target = load_board(board).name
    check_writable(out)
    if data is not None:
        check_writable(data)
    kept = _matching(data, target, drawn_from)
    wanted = {"fit": networks, "held_out": held_out}
    missing = [(name, i) for name, count in wanted.items() for i in range(count) if i not in kept[name]]
    jobs = [(SEEDS[name], i, board, toolchain, drawn_from, ram_bytes) for name, i in missing]
    with Progress(console=options.progress_console(), disable=not missing) as progress:
        bar = progress.add_task("measuring networks", total=len(missing))
        for number, result in fan_out(measure_random_network, jobs, workers, ray):
            name, i = missing[number]
            kept[name][i] = result
            progress.advance(bar)
            if data is not None:
                write_measured(data, target, kept)
    chosen = {name: [kept[name][i] for i in range(count)] for name, count in wanted.items()}
    model = fit_costs(chosen["fit"], chosen["held_out"], target, toolchain)
    atomic_write(out, json.dumps(model.to_json(), indent=1) + "\n")
    if as_json:
        options.print_json({"out": str(out), "fitted_on": model.fitted_on, "held_out": model.held_out})
    else:
        _print(model, out)


def _matching(data: Path | None, board: str, space: Space | None) -> dict[str, dict[int, Measured]]:
    """What the file holds. Raises UserError if that is of another board or drawn from another space."""
    lists = read_measured(data) if data is not None else {}
    if data is not None and lists:
        other = json.loads(data.read_text("utf-8")).get("board")
        if other != board:
            raise UserError(f"{data} holds networks measured on {other}, not on {board}; name another file")
    for name, seed in SEEDS.items():
        for i, kept in lists.get(name, {}).items():
            if all(draw_network(seed, i, attempt, space) != kept.network for attempt in range(ATTEMPTS)):
                raise UserError(f"{data} holds networks of another space or input; name another file")
    return {name: lists.get(name, {}) for name in SEEDS}


def _print(model: CostModel, out: Path) -> None:
    console = Console(highlight=False)
    table = Table("figure", "R2", "median %", "90 % below", "largest %", title="error on networks held out")
    for figure, errors in model.held_out.items():
        cells = (f"{errors[name]:g}" for name in ("r2", "median_percent", "p90_percent", "max_percent"))
        table.add_row(figure, *cells)
    console.print(table)
    console.print(f"{out}: fitted on {model.fitted_on} networks", soft_wrap=True)
