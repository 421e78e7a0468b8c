"""Softmax over the last axis; output scale 1/256, zero point -128.

TensorFlow Lite SOFTMAX as its interpreter computes it: in float32, one rounding an operation, in this order.
    e_i = table[max(q) - q_i], table[d] = exp(-beta * scale * d) for d = 0..255
    out_i = round(e_i * (256 / (e_0 + e_1 + ...))) - 128, ties away from zero, at most 127
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_vision.ir import Array, Graph, KernelCall, Op, Shape, Tensor, to_int


@dataclass
class Softmax(Op):
    """inputs: x (..., C). beta: factor of the inputs."""

    kind = "softmax"
    beta: float = 1.0

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        return inputs[0].shape

    def in_place_inputs(self, graph: Graph) -> tuple[str, ...]:
        return self.inputs

    def reference_float(self, *arrays: Array) -> Array:
        e = np.exp(self.beta * (arrays[0] - arrays[0].max(-1, keepdims=True)))
        return np.asarray(e / e.sum(-1, keepdims=True))

    def exp_table(self, graph: Graph) -> npt.NDArray[np.float32]:
        """exp(-beta * scale * d) for d = 0..255."""
        step = -np.float32(graph.tensors[self.inputs[0]].quant.scale) * np.float32(self.beta)
        exponents = step * np.arange(256, dtype=np.float32)
        return np.asarray(np.exp(exponents.astype(np.float64)), np.float32)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x = to_int(arrays[0])
        e = self.exp_table(graph)[x.max(-1, keepdims=True) - x]
        total = np.cumsum(e, -1, dtype=np.float32)[..., -1:]  # cumsum adds in order, sum does not
        doubled = (2 * (e * (np.float32(256) / total))).astype(np.int64)
        return np.asarray(np.minimum((doubled + 1) >> 1, 255) - 128, np.int8)

    def kernel(self, graph: Graph) -> KernelCall:
        x = graph.tensors[self.inputs[0]]
        params: dict[str, int | Array] = {
            "width": x.row_elements // x.shape[-1],
            "channels": x.shape[-1],
            "exp_table": self.exp_table(graph),
        }
        return KernelCall("nn_softmax_s8", "nn_softmax", params, ("row",))
