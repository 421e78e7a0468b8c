"""Depthwise 2-D convolution with multiplier 1; weights (1, kernel_h, kernel_w, C)."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.ir import Array, Graph, KernelCall, Tensor, to_int
from mcu_vision.ops.common import apply_activation, even, sliding_windows
from mcu_vision.ops.convolution import Convolution, requantize_sums
from mcu_vision.ops.depthwise_packing import depthwise_params


@dataclass
class DepthwiseConv2d(Convolution):
    """inputs: x (1, H, W, C), weights (1, kh, kw, C), bias (C). TensorFlow Lite DEPTHWISE_CONV_2D."""

    kind = "depthwise_conv2d"
    tile_pixels: int = 48

    def output_channels(self, weights: Tensor) -> int:
        return weights.shape[3]

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
        zero = graph.tensors[self.inputs[0]].quant.zero_point
        return requantize_sums(graph, self, self._accumulate(to_int(x) - zero, to_int(weights)) + to_int(bias))

    def kernel(self, graph: Graph) -> KernelCall:
        weights = self.constant(graph, 1)
        _, kh, kw, channels = weights.shape
        params = depthwise_params(self.params(graph, weights.reshape(-1, channels).T))
        span = self.row_span(graph)
        scratch = 8 * even(kh) * (span + kw)
        if "packed" in params:
            scratch = 24 * max(span, 3 * self.stride[1] + 3)
        return KernelCall("nn_depthwise_s8", "nn_depthwise", params, ("rows",), scratch)
