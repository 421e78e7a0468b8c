"""Row schedules, lifetimes, and the placement of every buffer in the board's memories."""

from mcu_vision.plan.arena import ArenaRegion
from mcu_vision.plan.planner import plan_graph
from mcu_vision.plan.program import Buffer, Program, Step

__all__ = ["ArenaRegion", "Buffer", "Program", "Step", "plan_graph"]
