"""mcu-vision analyze"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mcu_vision.analyze import Advice, Layer, Structure, advise, describe_structure, list_layers
from mcu_vision.boards import Board, load_board
from mcu_vision.cli import options
from mcu_vision.cli.analysis import Plans, find_graph, plan_alternatives
from mcu_vision.cli.torch_models import parse_size
from mcu_vision.files import atomic_write
from mcu_vision.report import analysis_report


def analyze(
    model: Annotated[
        str,
        typer.Argument(
            help="A shipped model's name, a saved quantised model, an int8 .tflite file, a registered network's name, "
            "or FILE.py:FACTORY, which makes your own nn.Module."
        ),
    ] = options.DEFAULT_MODEL,
    board: options.BoardName = options.DEFAULT_BOARD,
    input_size: Annotated[
        str | None,
        typer.Option("--input", metavar="WxHxC", help="Size of the input of FILE.py:FACTORY, e.g. 96x96x3."),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a report that needs no other file.")] = None,
    as_json: options.Json = False,
) -> None:
    """Show what makes a model heavy, layer by layer, and what would lighten it; nothing is built or trained.

    Networks that are not quantised yet get random weights and ranges, which their cost does not depend on.

    Example: mcu-vision analyze net.py:Net --input 96x96x3 --html analysis.html
    """
    size = parse_size(input_size) if input_size else None
    target = load_board(board)
    with options.progress_console().status(f"analysing {model}") as status:
        graph = find_graph(model, size)
        status.update(f"planning {graph.name}")
        plans = plan_alternatives(graph, target)
        layers = list_layers(plans.program)
        structure = describe_structure(plans.program, layers)
        advice = advise(graph, plans.program, layers, structure, plans.alternatives)
        if html is not None:
            atomic_write(html, analysis_report(plans.program, target, layers, structure, advice, plans.problem))
    if as_json:
        options.print_json(_to_json(graph.name, layers, structure, advice, plans))
    else:
        _print(layers, structure, advice, plans, target)


def _to_json(
    name: str, layers: list[Layer], structure: Structure, advice: list[Advice], plans: Plans
) -> dict[str, Any]:
    return {
        "model": name,
        "fits": plans.problem is None,
        "problem": plans.problem,
        "structure": asdict(structure),
        "layers": [asdict(layer) for layer in layers],
        "advice": [asdict(item) for item in advice],
    }


def _print(layers: list[Layer], structure: Structure, advice: list[Advice], plans: Plans, board: Board) -> None:
    console = Console(highlight=False)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("layer", overflow="fold")
    for column in ("output", "params", "M MACs", "%", "access K", "live K", "M cycles", "% "):
        table.add_column(column, justify="left" if column == "output" else "right", no_wrap=True)
    for layer in layers:
        table.add_row(
            escape(layer.name),
            "x".join(map(str, layer.shape)),
            f"{layer.parameters:,}",
            f"{layer.macs / 1e6:.2f}",
            f"{100 * layer.macs / max(1, structure.macs):.0f}",
            f"{layer.access_bytes / 1024:,.0f}",
            f"{layer.live_bytes / 1024:.1f}",
            f"{layer.cycles / 1e6:.2f}",
            f"{100 * layer.share:.0f}",
        )
    console.print(table)
    milliseconds = 1000 * structure.cycles / board.clock_hz
    console.print(f"parameters   {structure.parameters:>13,}")
    console.print(f"work         {structure.macs:>13,} multiply-accumulates")
    console.print(f"access       {structure.access_bytes:>13,} bytes, each value of each layer once")
    console.print(f"arena        {structure.arena_bytes:>13,} bytes, the peak at {escape(structure.peak_operator)}")
    console.print(f"cycles       {structure.cycles:>13,} (estimated, no wait states): {milliseconds:,.0f} ms")
    console.print(
        f"operators    {structure.operators:>13,}, {structure.fragmentation:.2f} for each on the longest path\n"
        f"element-wise {100 * structure.element_wise_cycles:>13.1f} % of the cycles, "
        f"{100 * structure.element_wise_access:.1f} % of the access"
    )
    if plans.problem is not None:
        console.print(escape(f"does not fit {board.name}: {plans.problem}"))
    for item in advice:
        console.print(f"[bold]{item.topic}[/bold]  {escape(item.text)}")
