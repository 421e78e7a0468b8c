"""Instructions and cycles a multiply-accumulate of single layers, in the embedded emulator.

    python benchmarks/kernels.py --toolchain zig
    python benchmarks/kernels.py --layers pointwise,add --write

Each layer is a model of its own, planned for time with rows on demand, built and run: all steps of its operator
count, with widening, scaling, stores, and the generated code that finds rows. A layer inside a fused block counts
the calls of its own kernel. Instructions are exact; cycles are
estimates, without wait states and with the model of the flash accelerator. --write keeps the instructions in
benchmarks/results/kernels.json, which a test holds the kernels to.
"""

import argparse
import json
from dataclasses import dataclass
from typing import Any

from board_run import BOARD, function_costs, measure_program, operator_costs
from kernel_graphs import LAYERS, Layer
from records import compiler_version, read_counts, write_counts
from rich.console import Console
from rich.progress import track

from mcu_vision.boards import load_board
from mcu_vision.cli.planning import plan_for_board
from mcu_vision.plan import PlanOptions

OPTIONS = PlanOptions(optimize="time", input="rows")
HEADER = """| layer | kernel | instructions | cycles | cycles with flash | goal, aim | in all | change |
|---|---|--:|--:|--:|--:|--:|--:|"""


@dataclass(frozen=True)
class Figures:
    """What a layer takes. count: its multiply-accumulates, or outputs if it has none."""

    layer: Layer
    kernel: str
    count: int
    instructions: int
    cycles: int
    cycles_flash: int


def measure_layer(layer: Layer, toolchain: str) -> Figures:
    """Build and run `layer`; what its last operator took."""
    program = plan_for_board(layer.make(), load_board(BOARD), OPTIONS)
    if layer.functions:
        spent = [function_costs(program, toolchain, function) for function in layer.functions]
        return Figures(
            layer, " + ".join(layer.functions), layer.macs, *(sum(part) for part in zip(*spent, strict=True))
        )
    costs = operator_costs(program, measure_program(program, toolchain))
    index = len(program.graph.ops) - 1
    op, out = program.graph.ops[index], program.graph.tensors[program.graph.outputs[0]]
    count = op.macs(program.graph) or out.rows * out.row_elements
    return Figures(layer, op.kernel(program.graph).function, count, *costs[index])


def items(figures: Figures, toolchain: str) -> list[dict[str, Any]]:
    """One entry a figure: {name, value, unit, goal, better}."""
    layer = figures.layer
    goals = (layer.goal, None, layer.cycles[0] if layer.cycles else None)
    totals = (figures.instructions, figures.cycles, figures.cycles_flash)
    units = ("instructions", "cycles without wait states, estimated", "cycles, estimated")
    return [
        {
            "name": f"{layer.name} ({toolchain})",
            "value": round(total / figures.count, 4),
            "unit": f"{unit} a MAC",
            "goal": goal,
            "better": "lower",
        }
        for total, unit, goal in zip(totals, units, goals, strict=True)
    ]


def row(figures: Figures, kept: int | None) -> list[str]:
    """A line of the table."""
    layer = figures.layer
    per = [f"{total / figures.count:.3f}" for total in (figures.instructions, figures.cycles, figures.cycles_flash)]
    goal = "" if layer.goal is None else f"{layer.goal:.2f}, {layer.aim:.2f}"
    goal += "" if layer.cycles is None else "; cycles {:.2f}, {:.2f}".format(*layer.cycles)
    change = "" if not kept else f"{100 * (figures.instructions / kept - 1):+.1f} %"
    return [layer.name, figures.kernel, *per, goal, f"{figures.instructions:,}", change]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--toolchain", default="zig", choices=["zig", "gcc", "auto"])
    parser.add_argument("--layers", default="", help="parts of names, separated by commas (default: all)")
    parser.add_argument("--write", action="store_true", help="keep the instructions in the repository")
    parser.add_argument("--json", action="store_true", help="print a list of {name, value, unit, goal, better}")
    options = parser.parse_args()
    chosen = [layer for layer in LAYERS if any(part in layer.name for part in options.layers.split(","))]
    status = Console(stderr=True)
    found = [measure_layer(layer, options.toolchain) for layer in track(chosen, "measuring", console=status)]
    kept = read_counts("kernels", options.toolchain)
    if options.write:
        write_counts("kernels", options.toolchain, {f.layer.name: f.instructions for f in found})
    if options.json:
        print(json.dumps([item for f in found for item in items(f, options.toolchain)], indent=2))
        return
    print(f"{compiler_version(options.toolchain)}; a multiply-accumulate, or an output where there is none\n\n{HEADER}")
    for figures in found:
        print(f"| {' | '.join(row(figures, kept.get(figures.layer.name)))} |")


if __name__ == "__main__":
    main()
