"""What of a board's RAM the planner may use."""

from mcu_vision.boards import Board
from mcu_vision.errors import UserError
from mcu_vision.ir import Graph
from mcu_vision.plan import ArenaRegion, PlanOptions, Program, fits_streamed, plan_graph, plan_pareto

STATICS_BYTES, STEP_COUNTER_BYTES = 332, 2
"""The firmware's own variables, and one counter for each operator."""
STACK_BYTES = 1024
"""What the stack takes at most of the bytes that the linker reserves for it, as measured."""


def arena_budget(graph: Graph, board: Board, options: PlanOptions) -> int:
    """Bytes that the arenas may take: --ram without what variables and stack are expected to need.

    A build measures both, and fails if the whole exceeds --ram. Raises UserError if nothing is left, or the
    board has less RAM.
    """
    statics = _statics(graph)
    most = board.ram_budget_bytes - statics - board.stack_bytes
    if options.ram_bytes is None:
        return most
    if options.ram_bytes > board.ram_budget_bytes:
        raise UserError(f"--ram {options.ram_bytes:,} is more than {board.name} has: {board.ram_budget_bytes:,} bytes")
    budget = options.ram_bytes - statics - STACK_BYTES
    if budget <= 0:
        raise UserError(
            f"--ram {options.ram_bytes} leaves nothing: variables and stack take {statics + STACK_BYTES:,} bytes"
        )
    return min(budget, most)


def plan_for_board(graph: Graph, board: Board, options: PlanOptions) -> Program:
    """Plan `graph` for the memories of `board` that variables and stack leave free."""
    budget = arena_budget(graph, board, options)
    return plan_graph(graph, _regions(graph, board), budget, options, board.flash_wait_states)


def plans_for_board(graph: Graph, board: Board, options: PlanOptions) -> list[Program]:
    """The best compromises between memory and time, the smallest arena first. Raises UserError if none fits."""
    budget = arena_budget(graph, board, options)
    plans = plan_pareto(graph, _regions(graph, board), budget, options)
    return plans or [plan_graph(graph, _regions(graph, board), budget, options)]


def fits_board_streamed(graph: Graph, board: Board, options: PlanOptions) -> bool:
    """Whether the graph fits as one stream (`fits_streamed`). Raises UserError for a budget that no graph fits."""
    return fits_streamed(graph, _regions(graph, board), arena_budget(graph, board, options), options)


def _statics(graph: Graph) -> int:
    return STATICS_BYTES + STEP_COUNTER_BYTES * len(graph.ops)


def _regions(graph: Graph, board: Board) -> list[ArenaRegion]:
    """What the linker leaves of each region: it reserves the whole stack."""
    statics = _statics(graph)
    if board.ccm is None:
        return [ArenaRegion(board.sram.name, board.sram.size_bytes - statics - board.stack_bytes, dma=True)]
    return [
        ArenaRegion(board.sram.name, board.sram.size_bytes - statics, dma=True),
        ArenaRegion(board.ccm.name, board.ccm.size_bytes - board.stack_bytes, dma=False),
    ]
