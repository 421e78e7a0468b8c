"""Float graphs to int8 graphs: fold, calibrate, choose ranges, convert."""

from mcu_vision.quantize.choose_ranges import METHODS
from mcu_vision.quantize.quantize_graph import quantize_graph

__all__ = ["METHODS", "quantize_graph"]
