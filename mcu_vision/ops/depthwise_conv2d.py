"""Depthwise 2-D convolution with multiplier 1; weights (1, kernel_h, kernel_w, C)."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, KernelCall, Op, RowWindow, Shape, Tensor, to_int
from mcu_vision.ops.common import (
    Padding,
    Pair,
    activation_range,
    apply_activation,
    check_positive,
    check_shape,
    conv_multipliers,
    even,
    image_shape,
    output_length,
    requantize,
    sliding_windows,
)
from mcu_vision.ops.conv2d import convolution_params

TILE_PIXELS = 48
"""NN_DEPTHWISE_TILE_PIXELS of firmware/nn/nn.h, where the scratch formula is explained."""


@dataclass
class DepthwiseConv2d(Op):
    """inputs: x (1, H, W, C), weights (1, kh, kw, C), bias (C). TensorFlow Lite DEPTHWISE_CONV_2D."""

    kind = "depthwise_conv2d"
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Padding = (0, 0, 0, 0)
    activation: str = "none"

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        h, w, channels = image_shape(inputs[0], self.name)
        _, kh, kw, depth = inputs[1].shape
        if depth != channels:
            raise UserError(f"{self.name}: weights take {depth} channels, but the input has {channels}")
        check_shape(inputs[2], (channels,), self.name)
        oh = output_length(h, kh, self.stride[0], self.dilation[0], self.padding[0], self.padding[2])
        ow = output_length(w, kw, self.stride[1], self.dilation[1], self.padding[1], self.padding[3])
        check_positive((oh, ow), self.name)
        return (1, oh, ow, channels)

    def macs(self, graph: Graph) -> int:
        _, oh, ow, _ = graph.tensors[self.outputs[0]].shape
        return oh * ow * int(np.prod(graph.tensors[self.inputs[1]].shape))

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        kernel_h = graph.tensors[self.inputs[1]].shape[1]
        return [RowWindow(self.stride[0], -self.padding[0], (kernel_h - 1) * self.dilation[0] + 1, self.dilation[0])]

    def _accumulate(self, x: Array, weights: Array) -> Array:
        kernel = (weights.shape[1], weights.shape[2])
        view = sliding_windows(x, kernel, self.stride, self.dilation, self.padding, 0)
        total = np.zeros((*view.shape[:3], view.shape[5]), x.dtype)
        for ky in range(kernel[0]):
            for kx in range(kernel[1]):
                total += view[:, :, :, ky, kx] * weights[0, ky, kx]
        return total

    def reference_float(self, *arrays: Array) -> Array:
        x, weights, bias = arrays
        return apply_activation(self._accumulate(x, weights) + bias, self.activation)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x, weights, bias = arrays
        source, out = graph.tensors[self.inputs[0]].quant, graph.tensors[self.outputs[0]].quant
        acc = self._accumulate(to_int(x) - source.zero_point, to_int(weights)) + to_int(bias)
        multiplier, shift = conv_multipliers(source, graph.tensors[self.inputs[1]].quant, out, acc.shape[-1])
        return requantize(acc, multiplier, shift, out.zero_point, activation_range(self.activation, out))

    def kernel(self, graph: Graph) -> KernelCall:
        x, out = graph.tensors[self.inputs[0]], graph.tensors[self.outputs[0]]
        weights = self.constant(graph, 1)
        _, kh, kw, channels = weights.shape
        params = convolution_params(graph, self, weights.reshape(-1, channels).T)
        params |= {"kernel_h": kh, "kernel_w": kw, "stride_w": self.stride[1]}
        params |= {"pad_left": self.padding[1], "dilation_w": self.dilation[1], "in_c": channels}
        params |= {"in_w": x.shape[2], "out_w": out.shape[2], "out_c": channels}
        span = (min(out.shape[2], TILE_PIXELS) - 1) * self.stride[1] + (kw - 1) * self.dilation[1] + 1
        scratch = 8 * even(kh) * (span + kw) + 64
        return KernelCall("nn_depthwise_s8", "nn_conv", params, ("rows",), scratch)
