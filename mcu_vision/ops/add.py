"""Element-wise addition of two tensors of one shape."""

from dataclasses import dataclass

from mcu_vision.ops.scaled_sum import ScaledSum


@dataclass
class Add(ScaledSum):
    """inputs: a, b of equal shape. TensorFlow Lite ADD."""

    kind = "add"
    sign = 1
