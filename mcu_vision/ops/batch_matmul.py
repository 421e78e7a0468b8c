"""Products of matrices that are both computed at run time."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.int8 import multiply_by_quantized_multiplier, quantize_multiplier
from mcu_vision.ir import Array, Graph, KernelCall, Op, RowWindow, Shape, Tensor, to_int
from mcu_vision.ops.common import exact_matmul

MAX_DEPTH = 1 << 13
"""So that a sum of products of two 9-bit numbers keeps within 30 bits."""


@dataclass
class BatchMatMul(Op):
    """inputs: a (1, B, M, K), b (1, B, N, K), read whole; output (1, B, M, N). TensorFlow Lite BATCH_MATMUL."""

    kind = "batch_matmul"

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        a, b = inputs[0].shape, inputs[1].shape
        if len(a) != 4 or len(b) != 4 or a[1] != b[1] or a[3] != b[3] or a[3] > MAX_DEPTH:
            raise UserError(f"{self.name}: matrices {a} and {b} cannot be multiplied")
        return (1, a[1], a[2], b[2])

    def macs(self, graph: Graph) -> int:
        return int(np.prod(graph.tensors[self.outputs[0]].shape)) * graph.tensors[self.inputs[0]].shape[3]

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        return [None, None]

    def reference_float(self, *arrays: Array) -> Array:
        return np.asarray(arrays[0] @ arrays[1].swapaxes(2, 3))

    def _multiplier(self, graph: Graph) -> tuple[int, int]:
        a, b, out = (np.float32(graph.tensors[n].quant.scale) for n in (*self.inputs, self.outputs[0]))
        return quantize_multiplier(float(a) * float(b) / float(out))

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        a, b = (to_int(x) - graph.tensors[n].quant.zero_point for n, x in zip(self.inputs, arrays, strict=True))
        scaled = multiply_by_quantized_multiplier(exact_matmul(a, b.swapaxes(2, 3)), *self._multiplier(graph))
        return np.clip(scaled + graph.tensors[self.outputs[0]].quant.zero_point, -128, 127).astype(np.int8)

    def kernel(self, graph: Graph) -> KernelCall:
        a, b, out = (graph.tensors[n] for n in (*self.inputs, self.outputs[0]))
        multiplier, shift = self._multiplier(graph)
        params: dict[str, int | Array] = {
            "rows": a.shape[2],
            "columns": b.shape[2],
            "depth": a.shape[3],
            "a_zero": a.quant.zero_point,
            "b_zero": b.quant.zero_point,
            "out_zero": out.quant.zero_point,
            "multiplier": multiplier,
            "shift": shift,
        }
        return KernelCall("nn_batch_matmul_s8", "nn_batch_matmul", params, ("whole", "whole"), passes_step=True)
