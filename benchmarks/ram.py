"""Peak RAM of every model on the emulated board, everything counted, against the bars of the project.

    python benchmarks/ram.py --rows face-m4-frame,face-a-rows
    python benchmarks/ram.py --plan

Each row is built, runs one picture, and must give the bytes of the integer reference for every tensor. Peak RAM
is arenas with the image, variables, and the high-water mark of the stack. Models that do not ship trained have
random weights. --plan only plans: the peak is then an estimate, marked with a tilde. 1 KB is 1,000 bytes here.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from random_models import CACHE, random_model
from rich.console import Console
from torch import nn

from mcu_vision.boards import load_board
from mcu_vision.cli.emulated import EmulatedModel
from mcu_vision.cli.pipeline import Build, build_model, find_model, shipped_models
from mcu_vision.cli.planning import plan_for_board
from mcu_vision.errors import UserError
from mcu_vision.models.mobilenet_v2 import STAGES, MobileNetV2
from mcu_vision.plan import PlanOptions, Program
from mcu_vision.reference import run_graph
from mcu_vision.saved_model import load_graph
from mcu_vision.verify import emulated_execution, reference_execution, verify_executions

FRAME = PlanOptions(optimize="ram")
ROWS = PlanOptions(optimize="ram", input="rows")
RECOMPUTE = PlanOptions(optimize="ram", input="rows", recompute=True)


def recompute_within(ram_bytes: int) -> PlanOptions:
    """The fastest within a bar that is missed if nothing is computed twice; no weights in what is left."""
    return PlanOptions(optimize="time", input="rows", recompute=True, ram_bytes=ram_bytes, promote_weights=False)


STATICS_AND_STACK_BYTES = 1_200
"""Roughly what the firmware needs beside the arenas; for --plan alone."""
HEADER = """| model | input | peak RAM, B | SRAM + CCM, B | arena, B | bound, B | time | bar | others |
|---|---|--:|--:|--:|--:|--:|---|---|"""


@dataclass(frozen=True)
class Bar:
    """What a model may need. goal_bytes: the bar, of the arenas alone if arena_only; aim_bytes: better."""

    name: str
    model: str
    options: PlanOptions
    goal_bytes: int
    aim_bytes: int | None
    reference: str
    arena_only: bool = False


BARS = (
    Bar("face-m4-frame", "face-m4", FRAME, 104_000, 96_000, "188 KB, RNNPool paper"),
    Bar("face-m4-rows", "face-m4", ROWS, 56_000, 40_000, ""),
    Bar("face-m4-recompute", "face-m4", recompute_within(56_000), 56_000, 40_000, ""),
    Bar("vww-rnnpool-rows", "vww-rnnpool-224", ROWS, 34_000, 24_000, "33.68 KB without image and first map, paper"),
    Bar("face-quant-rows", "face-quant", ROWS, 160_000, 96_000, "225 KB without image, RNNPool paper"),
    Bar("face-a-rows", "face-a", ROWS, 256_000, None, "1.17 MB in float32, RNNPool paper"),
    Bar("face-b-rows", "face-b", recompute_within(256_000), 256_000, None, "1.76 MB in float32, RNNPool paper"),
    Bar("face-c-rows", "face-c", recompute_within(256_000), 256_000, None, "6.44 MB in float32, RNNPool paper"),
    Bar("mobilenetv2-rows", "mobilenetv2-035", ROWS, 32_000, None, ""),
    Bar("mobilenetv2-recompute", "mobilenetv2-035", RECOMPUTE, 8_500, None, "", arena_only=True),
    Bar("mobilenetv2-peer-rows", "mobilenetv2-peer", ROWS, 32_000, None, "194 KB, msf-CNN paper"),
    Bar("mobilenetv2-peer-recompute", "mobilenetv2-peer", RECOMPUTE, 8_500, None, "8.56 KB, msf-CNN paper", True),
    Bar("vww-mobilenet-frame", "vww-mobilenet", FRAME, 48_000, None, "TFLM 100.7 KB, TinyEngine 60.7 KB"),
)


def peer_mobilenet_v2() -> MobileNetV2:
    """The channels that msf-CNN (Huang and Baccelli, 2025) planned: times 0.35 and rounded down, also the last.

    Its published 194 KB are two maps of this network, 72x72x30 and 36x36x30; with channels in multiples of 8
    they are 311 KB. Its additions of residual blocks, which that work leaves out, are here.
    """
    return MobileNetV2(144, [int(channels * 0.35) for channels in (32, *(stage[1] for stage in STAGES), 1280)])


UNREGISTERED: dict[str, Callable[[], nn.Module]] = {"mobilenetv2-peer": peer_mobilenet_v2}


@dataclass(frozen=True)
class Outcome:
    """What a row reached. regions: bytes of each memory; time_ms: estimated, None if only planned."""

    bar: Bar
    regions: dict[str, int]
    arena_bytes: int
    lower_bound_bytes: int
    macs: int
    time_ms: float | None

    @property
    def peak_bytes(self) -> int:
        """Of all memories."""
        return sum(self.regions.values())

    @property
    def counted_bytes(self) -> int:
        """What the bar is about."""
        return self.arena_bytes if self.bar.arena_only else self.peak_bytes


def main() -> int:
    """Measure, print, and return the exit code: 1 if a row failed."""
    options = parse_arguments()
    status = Console(stderr=True)
    items: list[dict[str, Any]] = []
    failures: dict[str, str] = {}
    if not options.json:
        print(HEADER)
    for bar in options.rows:
        with status.status(f"{bar.name}: {'planning' if options.plan else 'building and running'}"):
            try:
                outcome = plan_row(bar, options) if options.plan else measure_row(bar, options)
            except UserError as error:
                failures[bar.name] = str(error)
                continue
        items += benchmark_items(outcome)
        if not options.json:
            print(markdown_row(outcome), flush=True)
    if options.json:
        print(json.dumps(items, indent=2))
    for name, problem in failures.items():
        print(f"{name}: {problem}", file=sys.stderr)
    return 1 if failures else 0


def parse_arguments() -> argparse.Namespace:
    """The command line, `rows` as bars."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = ",".join(bar.name for bar in BARS)
    parser.add_argument("--rows", default=names, help=f"some of {names} (default: all)")
    parser.add_argument("--plan", action="store_true", help="only plan: seconds a row instead of minutes")
    parser.add_argument("--board", default="stm32f439")
    parser.add_argument("--toolchain", default="zig", choices=["zig", "gcc", "auto"])
    parser.add_argument("--cache", type=Path, default=CACHE, help=f"folder of models and builds (default: {CACHE})")
    parser.add_argument("--json", action="store_true", help="print a list of {name, value, unit, goal, better}")
    options = parser.parse_args()
    chosen = options.rows.split(",")
    unknown = set(chosen) - {bar.name for bar in BARS}
    if unknown:
        parser.error(f"unknown row {min(unknown)!r}; choose some of {names}")
    options.rows = [bar for bar in BARS if bar.name in chosen]
    return options


def model_of(bar: Bar, cache: Path) -> str:
    """Name or file of the row's quantised model."""
    if bar.model in shipped_models():
        return bar.model
    return str(random_model(bar.model, cache, UNREGISTERED.get(bar.model)))


def plan_row(bar: Bar, options: argparse.Namespace) -> Outcome:
    """Estimate from the plan alone. Raises UserError if there is none."""
    graph = load_graph(find_model(model_of(bar, options.cache)))
    program = plan_for_board(graph, load_board(options.board), bar.options)
    regions = program.arena_bytes | {"other": STATICS_AND_STACK_BYTES}
    return Outcome(bar, regions, program.total_bytes, program.lower_bound_bytes, program.graph.macs(), None)


def measure_row(bar: Bar, options: argparse.Namespace) -> Outcome:
    """Build, run and compare. Raises UserError if the model does not fit or a byte differs."""
    folder = options.cache.expanduser() / "builds" / bar.name
    build = build_model(model_of(bar, options.cache), options.board, options.toolchain, folder, bar.options)
    program, ram = build.program, build.summary["ram"]
    check_bytes(build, program)
    regions = {name: region["used_bytes"] for name, region in ram["regions"].items()}
    bound, macs = program.lower_bound_bytes, program.graph.macs()
    return Outcome(bar, regions, program.total_bytes, bound, macs, build.summary["time_ms_estimated"])


def check_bytes(build: Build, program: Program) -> None:
    """Raise UserError unless the firmware's tensors, all of them, and the model's outputs are those of the reference.

    The build has run an inference in which every access to RAM was looked at, which takes seven times as long; here
    only what it writes is.
    """
    image = np.random.default_rng(0).integers(-128, 128, build.graph.input.shape).astype(np.int8)
    planned = reference_execution(program)(image)
    with EmulatedModel(build.elf, build.board, build.prefix) as emulated:
        executions = {
            "reference": lambda _: planned,
            "emulated": emulated_execution(program, emulated.board, build.prefix),
        }
        outcome = verify_executions(program.graph, executions, [image])
    if not outcome.equal:
        raise UserError(str(outcome.first_difference))
    for name, expected in run_graph(build.graph, image).items():
        if not np.array_equal(planned[name], expected):
            raise UserError(f"the planned graph gives another {name} than the saved one")


def benchmark_items(outcome: Outcome) -> list[dict[str, Any]]:
    """One entry a figure: {name, value, unit, goal, better}."""
    bar, kind = outcome.bar, " (planned)" if outcome.time_ms is None else ""
    goals = {
        "arena": bar.goal_bytes if bar.arena_only else None,
        "peak RAM": None if bar.arena_only else bar.goal_bytes,
    }
    figures: list[tuple[str, float, str]] = [
        ("peak RAM", outcome.peak_bytes, "bytes"),
        ("arena", outcome.arena_bytes, "bytes"),
        ("lower bound of the arena", outcome.lower_bound_bytes, "bytes"),
    ]
    if outcome.time_ms is not None:
        figures += [(f"{name} used", size, "bytes") for name, size in outcome.regions.items()]
        figures.append(("time", outcome.time_ms, "ms, estimated"))
    return [
        {"name": f"{bar.name} {name}{kind}", "value": value, "unit": unit, "goal": goals.get(name), "better": "lower"}
        for name, value, unit in figures
    ]


def markdown_row(outcome: Outcome) -> str:
    """A line of the table, as the README shows it."""
    bar = outcome.bar
    measured = outcome.time_ms is not None
    cells = [
        bar.model,
        bar.options.input + (", recomputing" if bar.options.recompute else ""),
        f"{'' if measured else '~'}{outcome.peak_bytes:,}",
        " + ".join(f"{size:,}" for size in outcome.regions.values()) if measured else "",
        f"{outcome.arena_bytes:,}",
        f"{outcome.lower_bound_bytes:,}",
        f"{outcome.time_ms / 1000:.2f} s" if outcome.time_ms is not None else "",
        describe_bar(outcome),
        bar.reference,
    ]
    return f"| {' | '.join(cells)} |"


def describe_bar(outcome: Outcome) -> str:
    """The bar, and whether it is met."""
    bar = outcome.bar
    text = f"{'arena ' if bar.arena_only else ''}<= {bar.goal_bytes / 1000:g} KB"
    if bar.aim_bytes is not None:
        text += f", aim {bar.aim_bytes / 1000:g}"
    if outcome.counted_bytes > bar.goal_bytes:
        return f"{text}: missed"
    reached_aim = bar.aim_bytes is not None and outcome.counted_bytes <= bar.aim_bytes
    return f"{text}: {'aim met' if reached_aim else 'met'}"


if __name__ == "__main__":
    sys.exit(main())
