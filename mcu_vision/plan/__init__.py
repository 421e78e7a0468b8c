"""Row schedules, lifetimes, and the placement of every buffer in the board's memories."""

from mcu_vision.plan.arena import ArenaRegion
from mcu_vision.plan.blocks import Block
from mcu_vision.plan.buffer import Buffer, Place
from mcu_vision.plan.cost import estimate_cycles
from mcu_vision.plan.options import PlanOptions
from mcu_vision.plan.planner import fits_streamed, plan_graph, plan_pareto
from mcu_vision.plan.program import Program, Step

__all__ = [
    "ArenaRegion",
    "Block",
    "Buffer",
    "Place",
    "PlanOptions",
    "Program",
    "Step",
    "estimate_cycles",
    "fits_streamed",
    "plan_graph",
    "plan_pareto",
]
