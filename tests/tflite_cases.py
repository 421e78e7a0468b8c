"""All cases of single operators, by name."""

from tflite_curves import CURVES
from tflite_layers import LAYERS, Build
from tflite_movement import MOVEMENT
from tflite_wide import WIDE

CASES: dict[str, Build] = LAYERS | MOVEMENT | CURVES | {f"{kind} of int16": build for kind, build in WIDE.items()}
