"""Element-wise smaller or larger of two tensors of one shape."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, KernelCall, Op, Shape, Tensor


@dataclass
class _Extremum(Op):
    """inputs: a, b of equal shape, which share the output's quantisation."""

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        if inputs[0].shape != inputs[1].shape:
            raise UserError(f"{self.name}: shapes {inputs[0].shape} and {inputs[1].shape} differ")
        return inputs[0].shape

    def in_place_inputs(self, graph: Graph) -> tuple[str, ...]:
        return self.inputs

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        return self.reference_float(*arrays)

    def kernel(self, graph: Graph) -> KernelCall:
        count = graph.tensors[self.outputs[0]].row_elements
        return KernelCall(f"nn_{self.kind}_s8", "nn_extremum", {"count": count}, ("row", "row"))


@dataclass
class Minimum(_Extremum):
    """inputs: a, b of equal shape. TensorFlow Lite MINIMUM."""

    kind = "minimum"

    def reference_float(self, *arrays: Array) -> Array:
        return np.minimum(*arrays)


@dataclass
class Maximum(_Extremum):
    """inputs: a, b of equal shape. TensorFlow Lite MAXIMUM."""

    kind = "maximum"

    def reference_float(self, *arrays: Array) -> Array:
        return np.maximum(*arrays)
