"""Fully connected layer of int16 activations with int8 weights (out, in)."""

from dataclasses import dataclass
from math import prod

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.int8 import multiply_rounding_once, wrap_int32
from mcu_vision.ir import Array, Graph, KernelCall, to_int
from mcu_vision.ops.common import activation_range, conv_multipliers, exact_matmul
from mcu_vision.ops.dense import Dense, vectors
from mcu_vision.ops.int16 import layer_params

ACCUMULATOR_LIMIT = 1 << 32
"""So that a product with a multiplier keeps within 63 bits."""


@dataclass
class DenseInt16(Dense):
    """inputs: x (any shape) int16, weights (O, I) int8, bias (O) int32. TensorFlow Lite FULLY_CONNECTED.

    Its accumulators are scaled by multipliers of 31 bits with a single rounding, ties away from zero, as those of
    int8 (TensorFlow 2.21), and not as those of convolutions.
    """

    kind = "dense_int16"

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x, weights, bias = arrays
        acc = exact_matmul(to_int(vectors(x, weights)), weights.T) + to_int(bias)
        scaled = wrap_int32(multiply_rounding_once(acc, *self._multipliers(graph)))
        out = graph.tensors[self.outputs[0]].quant
        return np.asarray(np.clip(scaled, *activation_range(self.activation, out, "int16")), np.int16)

    def _multipliers(self, graph: Graph) -> tuple[Array, Array]:
        source, weights, out = (graph.tensors[n].quant for n in (*self.inputs[:2], self.outputs[0]))
        return conv_multipliers(source, weights, out, self.constant(graph, 2).size)

    def kernel(self, graph: Graph) -> KernelCall:
        out_c, in_c = graph.tensors[self.inputs[1]].shape
        multiplier, shift = self._multipliers(graph)
        largest = np.abs(to_int(self.constant(graph, 2))) + 32768 * np.abs(to_int(self.constant(graph, 1))).sum(1)
        if largest.max(initial=0) >= ACCUMULATOR_LIMIT:
            raise UserError(f"{self.name}: a sum can overflow the kernel's accumulator; its bias is too large")
        params = layer_params(graph, self, self.activation) | {"multiplier": multiplier, "shift": shift}
        count = prod(graph.tensors[self.outputs[0]].shape) // out_c
        params |= {"in_c": in_c, "out_c": out_c, "out_w": count}
        return KernelCall("nn_dense_s16", "nn_conv", params, ("whole",))
