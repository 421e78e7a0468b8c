"""2-D convolutions of int16 activations with int8 weights."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcu_vision.ir import Array, Graph, KernelCall, Tensor, to_int
from mcu_vision.ops.common import apply_activation, exact_matmul, sliding_windows
from mcu_vision.ops.convolution import Convolution
from mcu_vision.ops.int16 import layer_params, requantize_sums_wide


@dataclass
class _ConvolutionInt16(Convolution):
    """inputs: x (1, H, W, I) int16, weights int8, bias (O) int32."""

    function: ClassVar[str]
    """Its kernel."""

    def _sums(self, x: Array, weights: Array) -> Array:
        """Sums of products (N, out_h, out_w, O) of whatever type x has."""
        raise NotImplementedError

    def reference_float(self, *arrays: Array) -> Array:
        x, weights, bias = arrays
        return apply_activation(np.asarray(self._sums(x, weights), np.float32) + bias, self.activation)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x, weights, bias = arrays
        acc = to_int(self._sums(to_int(x), to_int(weights))) + to_int(bias)
        return requantize_sums_wide(graph, self, self.activation, acc)

    def kernel(self, graph: Graph) -> KernelCall:
        x, out = graph.tensors[self.inputs[0]], graph.tensors[self.outputs[0]]
        _, kh, kw, in_c = graph.tensors[self.inputs[1]].shape
        params = layer_params(graph, self, self.activation)
        params |= {"kernel_h": kh, "kernel_w": kw, "stride_w": self.stride[1], "dilation_w": self.dilation[1]}
        params |= {"pad_left": self.padding[1], "in_w": x.shape[2], "in_c": in_c}
        params |= {"out_w": out.shape[2], "out_c": out.shape[3]}
        return KernelCall(self.function, "nn_conv", params, ("rows",))


@dataclass
class Conv2dInt16(_ConvolutionInt16):
    """weights (O, kh, kw, I). TensorFlow Lite CONV_2D."""

    kind = "conv2d_int16"
    function = "nn_conv_s16"

    def output_channels(self, weights: Tensor) -> int:
        return weights.shape[0]

    def _sums(self, x: Array, weights: Array) -> Array:
        out, kh, kw, _ = weights.shape
        view = sliding_windows(x, (kh, kw), self.stride, self.dilation, self.padding, 0)
        columns, matrix = view.reshape(*view.shape[:3], -1), weights.reshape(out, -1).T
        return exact_matmul(columns, matrix) if columns.dtype == np.int64 else columns @ matrix


@dataclass
class DepthwiseConv2dInt16(_ConvolutionInt16):
    """weights (1, kh, kw, C). TensorFlow Lite DEPTHWISE_CONV_2D with multiplier 1."""

    kind = "depthwise_conv2d_int16"
    function = "nn_depthwise_s16"

    def output_channels(self, weights: Tensor) -> int:
        return weights.shape[3]

    def _sums(self, x: Array, weights: Array) -> Array:
        _, kh, kw, _ = weights.shape
        view = sliding_windows(x, (kh, kw), self.stride, self.dilation, self.padding, 0)
        return np.asarray(np.einsum("nyxijc,ijc->nyxc", view, weights[0]))
