"""Networks of the search as int8 graphs, planned and measured for a board. Needs no torch."""

from __future__ import annotations

import numpy as np

from mcu_vision.boards import Board, load_board
from mcu_vision.cli.measuring import measure_program
from mcu_vision.cli.planning import fits_board_streamed, plan_for_board
from mcu_vision.errors import UserError
from mcu_vision.frontends.detector import attach_detector
from mcu_vision.ir import Graph
from mcu_vision.models.network_config import NetworkConfig
from mcu_vision.plan import PlanOptions, Program
from mcu_vision.quantize import quantize_graph
from mcu_vision.search.measured import Measured
from mcu_vision.search.random_networks import draw_network
from mcu_vision.search.sketch import face_spec, sketch_graph
from mcu_vision.search.space import Space

ATTEMPTS = 50


def int8_graph(network: NetworkConfig) -> Graph:
    """The quantised graph with random weights."""
    graph = sketch_graph(network)
    if network.task == "faces":
        graph = attach_detector(graph, face_spec(network))
    image = np.random.default_rng(0).random((1, *graph.input.shape[1:]), np.float32)
    return quantize_graph(graph, [image], "min-max")


class MemoryLimit:
    """Tells whether networks fit a board's RAM; asks the planner once for each."""

    def __init__(self, board: Board, options: PlanOptions) -> None:
        self.board, self.options = board, options
        self._known: dict[NetworkConfig, bool] = {}

    def __call__(self, network: NetworkConfig) -> bool:
        if network not in self._known:
            self._known[network] = fits_board_streamed(int8_graph(network), self.board, self.options)
        return self._known[network]


def measure_if_fitting(
    network: NetworkConfig, board_name: str, options: PlanOptions, toolchain: str
) -> Measured | None:
    """What one inference takes on the emulated board, None if the network does not fit."""
    board = load_board(board_name)
    try:
        program = plan_for_board(int8_graph(network), board, options)
    except UserError:
        return None
    return measure_plan(network, program, board, toolchain)


def measure_network(network: NetworkConfig, board: Board, options: PlanOptions, toolchain: str) -> Measured:
    """What one inference takes on the emulated board. Raises UserError if the network does not fit."""
    return measure_plan(network, plan_for_board(int8_graph(network), board, options), board, toolchain)


def measure_plan(network: NetworkConfig, program: Program, board: Board, toolchain: str) -> Measured:
    """The same of a plan of the network."""
    whole = measure_program(program, board, toolchain)
    return Measured(network, whole.instructions, whole.cycles_0ws, whole.cycles_estimated, program.total_bytes)


def measure_random_network(
    seed: int, index: int, board_name: str, toolchain: str, space: Space | None = None, ram_bytes: int | None = None
) -> Measured:
    """The same of random network `index` of `seed`: the first of its draws that fits the board.

    space: the one to draw from. ram_bytes: the most RAM of the plans, which are the fastest as the search's are.
    """
    board = load_board(board_name)
    planning = PlanOptions(optimize="time", ram_bytes=ram_bytes)
    for attempt in range(ATTEMPTS):
        network = draw_network(seed, index, attempt, space)
        try:
            return measure_network(network, board, planning, toolchain)
        except UserError:
            continue
    raise UserError(f"no random network of {ATTEMPTS} fits {board_name}")
