"""Element-wise smaller or larger of two tensors of one shape."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.ir import Array, Graph, KernelCall
from mcu_vision.ops.common import kernel_suffix
from mcu_vision.ops.pairwise import Pairwise


@dataclass
class _Extremum(Pairwise):
    """inputs: a, b of equal shape, which share the output's quantisation."""

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        return self.reference_float(*arrays)

    def kernel(self, graph: Graph) -> KernelCall:
        out = graph.tensors[self.outputs[0]]
        function = f"nn_{self.kind}_{kernel_suffix(out)}"
        return KernelCall(function, "nn_extremum", {"count": out.row_elements}, ("row", "row"))


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
