"""Estimated time of operators on a Cortex-M4.

A linear model for each kernel: cycles = sum of coefficient * count over the parts of its work (`count_work`).
benchmarks/fit_costs.py fits the coefficients to the emulator's cycles and writes costs.json, with the errors on
models that the fit has not seen. Kernels that are not in the file are priced as "any".
"""

import json
from functools import cache
from importlib import resources
from typing import Any

from mcu_vision.ir import Graph, Op
from mcu_vision.plan.work import Work, count_work

ANY = "any"


def estimate_cycles(graph: Graph, op: Op, *, flash: bool = False) -> int:
    """Cycles of one inference of `op`: without wait states, or with those of the board's flash."""
    figure = "cycles_flash" if flash else "cycles"
    kernels = read_costs()["kernels"]
    return round(
        sum(price_work(work, kernels.get(work.kernel, kernels[ANY])[figure]) for work in count_work(op, graph))
    )


def price_work(work: Work, prices: dict[str, float]) -> float:
    """Cycles of `work` at `prices` a unit."""
    return sum(prices.get(name, 0.0) * count for name, count in work.counts.items())


@cache
def read_costs() -> dict[str, Any]:
    """What benchmarks/fit_costs.py wrote."""
    costs: dict[str, Any] = json.loads(resources.files("mcu_vision.plan").joinpath("costs.json").read_text("utf-8"))
    return costs
