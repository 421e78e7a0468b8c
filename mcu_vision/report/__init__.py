"""Reports for people."""

from mcu_vision.report.analysis_report import analysis_report
from mcu_vision.report.build_report import build_report
from mcu_vision.report.drawing import Drawing
from mcu_vision.report.memory_picture import draw_memory
from mcu_vision.report.operators import OperatorRow, operator_rows
from mcu_vision.report.pareto_picture import count_plans, draw_pareto
from mcu_vision.report.plan_report import plan_report
from mcu_vision.report.png import to_png
from mcu_vision.report.profile_picture import draw_profile
from mcu_vision.report.profile_report import profile_report
from mcu_vision.report.profile_rows import BlockRow, ConstantRow, InferenceProfile, hottest_blocks, profile_rows
from mcu_vision.report.search_pictures import draw_search_pareto, draw_trajectory

__all__ = [
    "BlockRow",
    "ConstantRow",
    "Drawing",
    "InferenceProfile",
    "OperatorRow",
    "analysis_report",
    "build_report",
    "count_plans",
    "draw_memory",
    "draw_pareto",
    "draw_profile",
    "draw_search_pareto",
    "draw_trajectory",
    "hottest_blocks",
    "operator_rows",
    "plan_report",
    "profile_report",
    "profile_rows",
    "to_png",
]
