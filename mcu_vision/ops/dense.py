"""Fully connected layer; weights (out, in)."""

from dataclasses import dataclass
from math import prod

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, KernelCall, Op, RowWindow, Shape, Tensor, to_int
from mcu_vision.ops.common import apply_activation, check_shape, exact_matmul
from mcu_vision.ops.convolution import convolution_params, requantize_sums


@dataclass
class Dense(Op):
    """inputs: x (any shape, read whole in NHWC order), weights (O, I), bias (O). FULLY_CONNECTED."""

    kind = "dense"
    activation: str = "none"

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        out, depth = inputs[1].shape
        if prod(inputs[0].shape) != depth:
            raise UserError(f"{self.name}: weights take {depth} values, but the input is {inputs[0].shape}")
        check_shape(inputs[2], (out,), self.name)
        return (1, out)

    def macs(self, graph: Graph) -> int:
        return int(np.prod(graph.tensors[self.inputs[1]].shape))

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        return [None]

    def reference_float(self, *arrays: Array) -> Array:
        x, weights, bias = arrays
        return apply_activation(x.reshape(len(x), -1) @ weights.T + bias, self.activation)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x, weights, bias = arrays
        zero = graph.tensors[self.inputs[0]].quant.zero_point
        acc = exact_matmul(to_int(x).reshape(len(x), -1) - zero, weights.T) + to_int(bias)
        return requantize_sums(graph, self, acc)

    def kernel(self, graph: Graph) -> KernelCall:
        weights = self.constant(graph, 1)
        params = convolution_params(graph, self, weights)
        params |= {"in_c": weights.shape[1], "out_c": weights.shape[0]}
        return KernelCall("nn_dense_s8", "nn_conv", params, ("whole",), 2 * weights.shape[1])
