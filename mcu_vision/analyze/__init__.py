"""What makes a model heavy on a microcontroller, layer by layer, and what would lighten it."""

from mcu_vision.analyze.advice import Advice, advise
from mcu_vision.analyze.layers import Layer, Structure, describe_structure, list_layers

__all__ = ["Advice", "Layer", "Structure", "advise", "describe_structure", "list_layers"]
