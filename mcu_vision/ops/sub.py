"""Element-wise difference of two tensors of one shape."""

from dataclasses import dataclass

from mcu_vision.ops.scaled_sum import ScaledSum


@dataclass
class Sub(ScaledSum):
    """inputs: a, b of equal shape. TensorFlow Lite SUB: a - b."""

    kind = "sub"
    sign = -1
