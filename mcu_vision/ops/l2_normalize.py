"""L2 normalisation of each pixel's channel vector."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.int8 import inverse_sqrt_multiplier, multiply_by_quantized_multiplier
from mcu_vision.ir import Array, Graph, KernelCall, Op, Shape, Tensor, to_int


@dataclass
class L2Normalize(Op):
    """inputs: x (..., C). TensorFlow Lite L2_NORMALIZATION.

    Output scale 2**-out_bits (7 bits there), zero point 0.
    """

    kind = "l2_normalize"
    out_bits: int = 7

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        return inputs[0].shape

    def macs(self, graph: Graph) -> int:
        return int(np.prod(graph.tensors[self.inputs[0]].shape))

    def in_place_inputs(self, graph: Graph) -> tuple[str, ...]:
        return self.inputs

    def reference_float(self, *arrays: Array) -> Array:
        norm = np.sqrt((arrays[0] ** 2).sum(-1, keepdims=True))
        return np.asarray(arrays[0] / np.maximum(norm, 1e-12))

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x = to_int(arrays[0]) - graph.tensors[self.inputs[0]].quant.zero_point
        multiplier, shift = inverse_sqrt_multiplier((x * x).sum(-1, keepdims=True))
        scaled = multiply_by_quantized_multiplier(x, multiplier, shift + self.out_bits)
        return np.clip(scaled, -128, 127).astype(np.int8)

    def kernel(self, graph: Graph) -> KernelCall:
        x = graph.tensors[self.inputs[0]]
        params: dict[str, int | Array] = {
            "width": x.row_elements // x.shape[-1],
            "channels": x.shape[-1],
            "in_zero": x.quant.zero_point,
            "out_bits": self.out_bits,
        }
        return KernelCall("nn_l2_normalize_s8", "nn_l2_normalize", params, ("row",))
