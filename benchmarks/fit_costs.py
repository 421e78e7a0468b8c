"""Fits the planner's cost model to the emulated board: writes mcu_vision/plan/costs.json.

Random models are built and run in the embedded emulator; each operator's cycles (all its steps, what finds its
rows included) are explained by its counted work (mcu_vision/plan/work.py) with coefficients that are not negative,
least squares of the relative error. The error told is that of models left out of the fit, ten parts in turn.

    export PYTHONPATH=tests
    python benchmarks/fit_costs.py            fit, write, print a table
    python benchmarks/fit_costs.py --pools    fit the prices of RNNPool alone
    python benchmarks/fit_costs.py --kinds add,max --kernels add,max_pool2d
                                              fit these alone, to models of these operators (cost_graphs.KINDS)
    python benchmarks/fit_costs.py --check    how costs.json does on other random models and on shipped ones
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from board_run import BOARD, measure_program, operator_costs
from cost_graphs import KINDS, cost_graph, pool_graph
from rich.console import Console
from rich.progress import track
from rich.table import Table

from mcu_vision.boards import load_board
from mcu_vision.cli.pipeline import find_model, shipped_models
from mcu_vision.cli.planning import plan_for_board
from mcu_vision.files import atomic_write
from mcu_vision.ir import Graph
from mcu_vision.plan import PlanOptions
from mcu_vision.plan.cost import ANY, estimate_cycles, price_work, read_costs
from mcu_vision.plan.work import Work, count_work
from mcu_vision.saved_model import load_graph
from mcu_vision.search.least_squares import nonnegative_least_squares

COSTS = Path(__file__).resolve().parent.parent / "mcu_vision" / "plan" / "costs.json"
FIGURES = ("cycles", "cycles_flash")
PARTS = 10
LEAST_PRICE = 1e-6
LEAST_CYCLES = 500
"""Operators of fewer cycles are left out: they are all call overhead, and matter to no plan."""

Prices = dict[str, float]
Kernels = dict[str, dict[str, Prices]]


@dataclass(frozen=True)
class Sample:
    """An operator as measured. model: seed of its graph, or a shipped model's name. works: the last is its own,
    those before are of kernels that it calls. estimates: by costs.json."""

    model: int | str
    op: str
    works: list[Work]
    cycles: dict[str, int]
    estimates: dict[str, int]


def main() -> None:
    """Fit and write, or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fit nothing")
    parser.add_argument("--models", type=int, default=120, help="how many random models (default: 120)")
    parser.add_argument("--pools", action="store_true", help="fit RNNPool alone, and keep the other kernels")
    parser.add_argument("--toolchain", default="zig", choices=["zig", "gcc", "auto"])
    parser.add_argument("--kinds", default=",".join(KINDS), help="operators of the random models, each as often")
    parser.add_argument("--kernels", default="", help="entries of costs.json to replace (default: all)")
    options = parser.parse_args()
    kinds = tuple(options.kinds.split(","))
    first = 10_000 if options.check else 0
    seeds = range(first, first + options.models)
    graphs = map(pool_graph, seeds) if options.pools else (cost_graph(seed, kinds) for seed in seeds)
    models: list[tuple[int | str, Graph]] = list(zip(seeds, graphs, strict=True))
    if options.check:
        models += [(name, load_graph(find_model(name))) for name in shipped_models()]
        print_check(measure_all(models, options.toolchain))
        return
    partly = options.pools or options.kernels or kinds != KINDS
    known: Kernels = read_costs()["kernels"] if partly else {}
    wanted = options.kernels.split(",") if options.kernels else None
    kernels = fit_all(measure_all(models, options.toolchain), known, wanted)
    costs = {"board": BOARD, "toolchain": options.toolchain, "random_models": options.models, "kernels": kernels}
    if partly:
        wanted = wanted or sorted(kernels)
        missing = [name for name in wanted if name not in kernels]
        if missing:
            parser.error(f"no operator of the random models runs {missing[0]!r}; they run {', '.join(kernels)}")
        costs = read_costs() | {"kernels": dict(sorted((known | {name: kernels[name] for name in wanted}).items()))}
    atomic_write(COSTS, json.dumps(costs, indent=1) + "\n")
    print_fit(kernels)


def measure_all(models: list[tuple[int | str, Graph]], toolchain: str) -> list[Sample]:
    """The operators of all models."""
    console = Console(stderr=True)
    return [s for name, graph in track(models, "measuring", console=console) for s in measure(name, graph, toolchain)]


def measure(name: int | str, graph: Graph, toolchain: str) -> list[Sample]:
    """Build `graph` as one stream that pulls its image by rows, and run it once."""
    program = plan_for_board(graph, load_board(BOARD), PlanOptions(schedule="stream", input="rows"))
    costs = operator_costs(program, measure_program(program, toolchain))
    samples = []
    for index, op in enumerate(program.graph.ops):
        estimates = {figure: estimate_cycles(program.graph, op, flash=figure != "cycles") for figure in FIGURES}
        spent = dict(zip(FIGURES, costs[index][1:], strict=True))
        samples.append(Sample(name, op.name, count_work(op, program.graph), spent, estimates))
    return samples


def fit_all(samples: list[Sample], known: Kernels | None = None, wanted: Collection[str] | None = None) -> Kernels:
    """Entries of all kernels, or of those `wanted`; first those of operators that are one kernel, since others call
    them.

    known: entries of kernels that others call, where no sample is of them.
    """
    kernels: Kernels = {}
    groups = {name: group for name, group in by_kernel(samples).items() if wanted is None or name in wanted}
    for name in sorted(groups, key=lambda name: (max(len(s.works) for s in groups[name]), name)):
        kernels[name] = fit_kernel(groups[name], (known or {}) | kernels)
    plain = [s for s in samples if "pixels" in s.works[-1].counts and s.cycles["cycles"] >= LEAST_CYCLES]
    return dict(sorted(kernels.items())) | ({ANY: fit_any(plain)} if plain else {})


def by_kernel(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Samples that count, by kernel."""
    groups: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if sample.cycles["cycles"] >= LEAST_CYCLES:
            groups[sample.works[-1].kernel].append(sample)
    return dict(groups)


def fit_any(samples: list[Sample]) -> dict[str, Prices]:
    """Prices for kernels not measured yet, from all that count their work plainly: right for the middle one."""
    entry = {}
    for figure in FIGURES:
        prices = fit(samples, figure, {})
        middle = float(np.median([s.cycles[figure] / price_work(s.works[-1], prices) for s in samples]))
        entry[figure] = {name: float(f"{middle * price:.5g}") for name, price in prices.items()}
    return entry


def fit_kernel(samples: list[Sample], known: Kernels) -> dict[str, Prices]:
    """An entry of costs.json: prices for both figures, and how well they do where they were not fitted."""
    entry = {figure: fit(samples, figure, known) for figure in FIGURES}
    models = sorted({s.model for s in samples}, key=str)
    errors = []
    for part in range(PARTS):
        left_out = set(models[part::PARTS])
        prices = fit([s for s in samples if s.model not in left_out], FIGURES[0], known)
        for sample in (s for s in samples if s.model in left_out):
            estimate = price_parts(sample, FIGURES[0], known) + price_work(sample.works[-1], prices)
            errors.append(abs(estimate / sample.cycles[FIGURES[0]] - 1))
    entry["held_out"] = {"operators": len(errors), **describe(errors)}
    return entry


def price_parts(sample: Sample, figure: str, known: Kernels) -> float:
    """Cycles of the kernels that a sample's own calls."""
    return sum(price_work(work, known[work.kernel][figure]) for work in sample.works[:-1])


def describe(errors: list[float]) -> Prices:
    """Error in percent: the middle one, that of nine in ten, the largest."""
    percent = 100 * np.array(errors)
    figures = {
        "median_percent": np.median(percent),
        "p90_percent": np.quantile(percent, 0.9),
        "max_percent": max(percent),
    }
    return {name: round(float(value), 1) for name, value in figures.items()}


def fit(samples: list[Sample], figure: str, known: Kernels) -> Prices:
    """Cycles for each unit of the kernel's own work."""
    names = sorted({name for s in samples for name in s.works[-1].counts})
    matrix = np.array([[s.works[-1].counts[n] / s.cycles[figure] for n in names] for s in samples])
    own = np.array([1 - price_parts(s, figure, known) / s.cycles[figure] for s in samples])
    prices = nonnegative_least_squares(matrix, own)
    return {name: float(f"{price:.5g}") for name, price in zip(names, prices, strict=True) if price > LEAST_PRICE}


def print_fit(kernels: Kernels) -> None:
    """Errors of all kernels."""
    table = Table("kernel", "operators", "median %", "90 % below", "largest %", title="error on models left out")
    for name, entry in kernels.items():
        table.add_row(name, *(f"{value:g}" for value in entry.get("held_out", {}).values()))
    Console().print(table)


def print_check(samples: list[Sample]) -> None:
    """Errors by kernel, and those of all operators of shipped models."""
    table = Table("model", "operator", "kernel", "cycles", "error %", "with flash", "error %")
    for s in (s for s in samples if isinstance(s.model, str)):
        cells = [f(s, figure) for figure in FIGURES for f in (cycles_text, error_text)]
        table.add_row(str(s.model), s.op, s.works[-1].kernel, *cells)
    Console().print(table)
    errors = defaultdict(list)
    for name, group in by_kernel(s for s in samples if not isinstance(s.model, str)).items():
        errors[name] = [abs(s.estimates[FIGURES[0]] / s.cycles[FIGURES[0]] - 1) for s in group]
    print_fit({name: {"held_out": {"operators": len(e), **describe(e)}} for name, e in errors.items()})


def cycles_text(sample: Sample, figure: str) -> str:
    """As measured."""
    return f"{sample.cycles[figure]:,}"


def error_text(sample: Sample, figure: str) -> str:
    """Of the estimate."""
    return f"{100 * (sample.estimates[figure] / sample.cycles[figure] - 1):+.1f}"


if __name__ == "__main__":
    main()
