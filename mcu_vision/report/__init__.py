"""Reports for people."""

from mcu_vision.report.build_report import build_report

__all__ = ["build_report"]
