"""mcu-vision search"""

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from mcu_vision.boards import load_board
from mcu_vision.cli import options
from mcu_vision.errors import UserError
from mcu_vision.models.network_config import TASKS
from mcu_vision.search.cost_model import read_costs
from mcu_vision.search.space import SPACES

STEPS = "How long to search"


def search(
    data: Annotated[Path, typer.Option(help="Folder of a face or a wake-word data set, as for `train`.")],
    latency: Annotated[str, typer.Option(help="Time of one inference to aim at: 400ms or 0.4s.")],
    space: Annotated[
        str,
        typer.Option(
            help="mobiledet (MobileDets' blocks), mobiledet-small (fewer kinds) or rnnpool (inverted bottlenecks)."
        ),
    ] = "mobiledet",
    task: Annotated[str, typer.Option(help="vww (is a person in view?) or faces.")] = "vww",
    ram: Annotated[str, typer.Option(help="The most RAM of the firmware, image and stack included: 128K.")] = "128K",
    input_size: Annotated[
        str | None, typer.Option("--input", metavar="WxHxC", help="Input, e.g. 64x64x3; by default the task's.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, pictures and winner.toml.")] = Path("runs/search"),
    costs: Annotated[Path | None, typer.Option(help="Cost model of `cost fit`, in place of the package's.")] = None,
    board: options.BoardName = options.DEFAULT_BOARD,
    steps: Annotated[int, typer.Option(min=1, metavar="N", help="Of each arm.", rich_help_panel=STEPS)] = 2000,
    warm_up: Annotated[
        int, typer.Option(min=1, metavar="N", help="Steps that train shared weights alone.", rich_help_panel=STEPS)
    ] = 1000,
    batch: Annotated[int, typer.Option(min=2, metavar="N", help="Photos a step.", rich_help_panel=STEPS)] = 64,
    judged: Annotated[
        int, typer.Option(min=1, metavar="N", help="Batches that judge a step's network.", rich_help_panel=STEPS)
    ] = 1,
    rated: Annotated[
        int, typer.Option(min=1, metavar="N", help="Networks of each arm rated at its end.", rich_help_panel=STEPS)
    ] = 32,
    finalists: Annotated[
        int, typer.Option(min=1, metavar="N", help="Of each arm, measured and trained.", rich_help_panel=STEPS)
    ] = 2,
    train_epochs: Annotated[
        int, typer.Option(min=0, metavar="N", help="Of each finalist; 0: none is trained.", rich_help_panel=STEPS)
    ] = 5,
    beta: Annotated[float, typer.Option(min=0, help="Price of missing the latency: beta * |T/T0 - 1|.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of weights, photos and networks.")] = 0,
    workers: Annotated[int, typer.Option(min=1, metavar="N", help="Processes for finalists.")] = 1,
    ray: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Ray cluster for finalists instead.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps the decoded photos between runs.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoints in the out folder.")] = False,
    toolchain: options.Toolchain = "zig",
    as_json: options.Json = False,
) -> None:
    """Search a network for the board: one shared network, and a controller that learns; needs the extra `train`.

    The reward is quality - beta * |T/T0 - 1|, T from the cost model; what the planner cannot fit is refused. Random
    search with as many steps runs beside it. The best of both, measured and trained for a while, becomes winner.toml,
    which `train`, `quantize`, `build` and `analyze` take.

    Example: mcu-vision search --task vww --data vww/ --ram 128K --latency 100ms --out runs/search

    Example: mcu-vision search --space rnnpool --task faces --data faces/ --ram 192K --latency 400ms --resume
    """
    options.check_choice(space, SPACES, "--space")
    options.check_choice(task, TASKS, "--task")
    target = load_board(board)
    planning = options.plan_options("auto", ram, "time", False, "frame")
    try:
        from mcu_vision.cli.search_run import SearchRun
        from mcu_vision.cli.torch_models import parse_size
        from mcu_vision.search.loop import SearchOptions
        from mcu_vision.training.train_options import TrainOptions
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "lightning_fabric"):
            raise
        raise UserError("searching needs PyTorch: pip install 'mcu-vision[train]'") from error
    chosen = SearchOptions(
        target_cycles=parse_seconds(latency) * target.clock_hz,
        steps=steps,
        warm_up=warm_up,
        beta=beta,
        seed=seed,
        rated=rated,
        judged=judged,
    )
    run = SearchRun(
        space, task, parse_size(input_size) if input_size else None, board, planning, read_costs(costs), out
    )
    run.check_folder(resume, asdict(chosen) | {"batch": batch, "ram_bytes": planning.ram_bytes})
    outcome = run.search(data, chosen, batch, cache, finalists)
    recipe = TrainOptions(epochs=train_epochs, batch=batch, lr=2e-3, warmup_epochs=0.1 * train_epochs, workers=0)
    outcome = run.finish(outcome, data, recipe, cache, toolchain, workers, ray)
    if as_json:
        options.print_json(outcome)
    else:
        _print(outcome)


def parse_seconds(text: str) -> float:
    """Seconds of "400ms" or "0.4s". Raises UserError for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s)\s*", text)
    if match is None or float(match[1]) <= 0:
        raise UserError(f"--latency {text!r} is no time; write 400ms or 0.4s")
    return float(match[1]) / (1000 if match[2] == "ms" else 1)


def _print(outcome: dict[str, Any]) -> None:
    console = Console(highlight=False)
    table = Table("network", "quality, shared", "M cycles, estimated", "measured", "arena K", "score, trained")
    for item in outcome["finalists"]:
        measured = item["measured"]
        table.add_row(
            item["name"],
            f"{item['quality']:.3f}",
            f"{item['cycles_estimated'] / 1e6:.2f}",
            f"{measured['cycles'] / 1e6:.2f}" if measured else "does not fit",
            f"{measured['arena_bytes'] / 1024:.1f}" if measured else "",
            "" if item["score"] is None else f"{item['score']:.3f}",
        )
    console.print(table)
    console.print(f"{outcome['winner']}: {outcome['winner_name']}", soft_wrap=True)
    console.print(f"next: mcu-vision train {outcome['winner']} --data ...", soft_wrap=True)
