"""A function of one value, as a table of its 256 results."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.ir import Array, Graph, KernelCall, Op, Shape, Tensor, to_int
from mcu_vision.ops.common import check_shape


@dataclass
class Lookup(Op):
    """inputs: x of any shape, table (256), whose element q + 128 is the result of q. In int8 graphs alone."""

    kind = "lookup"

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        check_shape(inputs[1], (256,), self.name)
        return inputs[0].shape

    def in_place_inputs(self, graph: Graph) -> tuple[str, ...]:
        return self.inputs[:1]

    def reference_float(self, *arrays: Array) -> Array:
        raise NotImplementedError("a table is of integers")

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x, table = arrays
        return np.asarray(table[to_int(x) + 128])

    def kernel(self, graph: Graph) -> KernelCall:
        count = graph.tensors[self.inputs[0]].row_elements
        return KernelCall("nn_lookup_s8", "nn_lookup", {"count": count, "table": self.constant(graph, 1)}, ("row",))
