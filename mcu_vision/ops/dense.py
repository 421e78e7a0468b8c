"""Fully connected layer; weights (out, in)."""

from dataclasses import dataclass
from math import prod

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.int8 import multiply_rounding_once
from mcu_vision.ir import Array, Graph, KernelCall, Op, RowWindow, Shape, Tensor, to_int
from mcu_vision.ops.common import (
    activation_range,
    apply_activation,
    check_shape,
    conv_multipliers,
    exact_matmul,
)
from mcu_vision.ops.convolution import convolution_params


@dataclass
class Dense(Op):
    """inputs: x (any shape, read whole in NHWC order), weights (O, I), bias (O). TensorFlow Lite FULLY_CONNECTED.

    The output is (1, O), or (1, N, O) if x holds N vectors of I values. Unlike convolutions, the reference
    kernels (TensorFlow 2.21, LiteRT 2) scale its accumulators with a single rounding, ties away from zero.
    """

    kind = "dense"
    activation: str = "none"

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        out, depth = inputs[1].shape
        count = prod(inputs[0].shape) // depth
        if count * depth != prod(inputs[0].shape):
            raise UserError(f"{self.name}: weights take {depth} values, but the input is {inputs[0].shape}")
        check_shape(inputs[2], (out,), self.name)
        return (1, out) if count == 1 else (1, count, out)

    def macs(self, graph: Graph) -> int:
        return prod(graph.tensors[self.outputs[0]].shape) * graph.tensors[self.inputs[1]].shape[1]

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        return [None]

    def reference_float(self, *arrays: Array) -> Array:
        x, weights, bias = arrays
        return apply_activation(vectors(x, weights) @ weights.T + bias, self.activation)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x, weights, bias = arrays
        zero = graph.tensors[self.inputs[0]].quant.zero_point
        acc = exact_matmul(to_int(vectors(x, weights)) - zero, weights.T) + to_int(bias)
        source, kernel, out = (graph.tensors[n].quant for n in (*self.inputs[:2], self.outputs[0]))
        scaled = multiply_rounding_once(acc, *conv_multipliers(source, kernel, out, len(bias))) + out.zero_point
        return np.clip(scaled, *activation_range(self.activation, out)).astype(np.int8)

    def kernel(self, graph: Graph) -> KernelCall:
        weights = self.constant(graph, 1)
        params = convolution_params(graph, self, weights)
        count = prod(graph.tensors[self.outputs[0]].shape) // weights.shape[0]
        params |= {"in_c": weights.shape[1], "out_c": weights.shape[0], "out_w": count}
        return KernelCall("nn_dense_s8", "nn_conv", params, ("whole",), 2 * weights.shape[1])


def vectors(x: Array, weights: Array) -> Array:
    """x (N, ...) as (N, I), or (N, count, I) if it holds several vectors each."""
    vectors = x.reshape(len(x), -1, weights.shape[1])
    return vectors[:, 0] if vectors.shape[1] == 1 else vectors
