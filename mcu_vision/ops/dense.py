"""Fully connected layer; weights (out, in)."""

from dataclasses import dataclass
from math import prod

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, KernelCall, Op, RowWindow, Shape, Tensor, to_int
from mcu_vision.ops.common import (
    activation_range,
    apply_activation,
    check_shape,
    conv_multipliers,
    exact_matmul,
    requantize,
)
from mcu_vision.ops.conv2d import convolution_params


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
        source, out = graph.tensors[self.inputs[0]].quant, graph.tensors[self.outputs[0]].quant
        acc = exact_matmul(to_int(x).reshape(len(x), -1) - source.zero_point, weights.T) + to_int(bias)
        multiplier, shift = conv_multipliers(source, graph.tensors[self.inputs[1]].quant, out, acc.shape[-1])
        return requantize(acc, multiplier, shift, out.zero_point, activation_range(self.activation, out))

    def kernel(self, graph: Graph) -> KernelCall:
        weights = self.constant(graph, 1)
        params = convolution_params(graph, self, weights)
        params |= {"in_c": weights.shape[1], "out_c": weights.shape[0]}
        return KernelCall("nn_dense_s8", "nn_conv", params, ("whole",), 2 * weights.shape[1])
