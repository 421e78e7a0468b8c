"""Values that never change, as an activation: an operand of operators that take no constants."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.ir import Array, Graph, KernelCall, Op, Shape, Tensor


@dataclass
class Constant(Op):
    """inputs: values (1, ...). The output is a copy of them."""

    kind = "constant"

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        return inputs[0].shape

    def reference_float(self, *arrays: Array) -> Array:
        return arrays[0]

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        return arrays[0]

    def kernel(self, graph: Graph) -> KernelCall:
        count = graph.tensors[self.outputs[0]].row_bytes
        params: dict[str, int | Array] = {"count": count, "values": self.constant(graph, 0).view(np.int8)}
        return KernelCall("nn_constant_s8", "nn_constant", params, (), passes_step=True, moves_bytes=True)
