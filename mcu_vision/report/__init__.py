"""Reports for people."""

from mcu_vision.report.build_report import build_report
from mcu_vision.report.drawing import Drawing
from mcu_vision.report.memory_picture import draw_memory
from mcu_vision.report.operators import OperatorRow, operator_rows
from mcu_vision.report.pareto_picture import count_plans, draw_pareto
from mcu_vision.report.plan_report import plan_report
from mcu_vision.report.png import to_png

__all__ = [
    "Drawing",
    "OperatorRow",
    "build_report",
    "count_plans",
    "draw_memory",
    "draw_pareto",
    "operator_rows",
    "plan_report",
    "to_png",
]
