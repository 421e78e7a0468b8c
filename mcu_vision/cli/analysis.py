"""Which graph an analysis is of, and the plans that it compares."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcu_vision.analyze.advice import Alternative
from mcu_vision.boards import Board
from mcu_vision.cli.pipeline import find_model, load_model, shipped_models
from mcu_vision.cli.planning import plan_for_board
from mcu_vision.cli.torch_models import Size, export_model
from mcu_vision.errors import UserError
from mcu_vision.ir import Graph
from mcu_vision.plan import ArenaRegion, PlanOptions, Program, plan_graph
from mcu_vision.quantize import quantize_graph

ANY_MEMORY = ArenaRegion("ram", 1 << 30, dma=True)
"""For models that no board holds."""
ALTERNATIVES = {
    "--optimize ram": PlanOptions(optimize="ram"),
    "--input rows": PlanOptions(input="rows"),
    "--input rows --optimize ram": PlanOptions(optimize="ram", input="rows"),
    "--input rows --optimize ram --recompute": PlanOptions(optimize="ram", input="rows", recompute=True),
}


@dataclass(frozen=True)
class Plans:
    """program: the default plan. problem: why it is one for more memory than the board has, None if it fits."""

    program: Program
    problem: str | None
    alternatives: list[Alternative]


def find_graph(model: str, size: Size | None) -> Graph:
    """The int8 graph of a model's name or file, or of a torch module, quantised on noise.

    Raises UserError if there is none, or torch is needed and missing.
    """
    is_file = Path(model).is_file() and not model.endswith(".py")
    if is_file or model in shipped_models():
        return load_model(find_model(model))
    graph = export_model(model, None, size)
    random = np.random.default_rng(0)
    return quantize_graph(graph, [random.random((2, *graph.input.shape[1:]), np.float32)], "min-max")


def plan_alternatives(graph: Graph, board: Board) -> Plans:
    """The default plan, for unlimited memory if the board has not enough, and those of other options that fit."""
    problem = None
    try:
        program = plan_for_board(graph, board, PlanOptions())
    except UserError as error:
        problem = str(error)
        program = plan_graph(graph, [ANY_MEMORY], ANY_MEMORY.size_bytes, PlanOptions())
    alternatives = []
    for name, options in ALTERNATIVES.items():
        try:
            alternatives.append(Alternative(name, plan_for_board(graph, board, options)))
        except UserError:
            continue
    return Plans(program, problem, alternatives)
