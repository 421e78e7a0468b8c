"""Softmax over the last axis; output scale 1/256, zero point -128.

Integer definition, by a table of exp(-d * scale) for d = 0..255 in Q23 kept in flash:
    e_i = table[max(q) - q_i],  out_i = min(255, (e_i * 512 + sum) // (2 * sum)) - 128
with sum in 64 bits.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Array, Graph, KernelCall, Op, Shape, Tensor, to_int


@dataclass
class Softmax(Op):
    """inputs: x (..., C)."""

    kind = "softmax"

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        return inputs[0].shape

    def in_place_inputs(self, graph: Graph) -> tuple[str, ...]:
        return self.inputs

    def reference_float(self, *arrays: Array) -> Array:
        e = np.exp(arrays[0] - arrays[0].max(-1, keepdims=True))
        return np.asarray(e / e.sum(-1, keepdims=True))

    def exp_table(self, graph: Graph) -> npt.NDArray[np.int32]:
        """exp(-d * scale) in Q23 for d = 0..255."""
        d = np.arange(256) * graph.tensors[self.inputs[0]].quant.scale
        return np.asarray(np.floor(np.exp(-d) * (1 << 23) + 0.5), np.int32)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x = to_int(arrays[0])
        e = to_int(self.exp_table(graph))[x.max(-1, keepdims=True) - x]
        total = e.sum(-1, keepdims=True)
        return np.asarray(np.minimum((e * 512 + total) // (2 * total), 255) - 128, np.int8)

    def kernel(self, graph: Graph) -> KernelCall:
        x = graph.tensors[self.inputs[0]]
        params: dict[str, int | Array] = {
            "width": x.row_elements // x.shape[-1],
            "channels": x.shape[-1],
            "exp_table": self.exp_table(graph),
        }
        return KernelCall("nn_softmax_s8", "nn_softmax", params, ("row",))
