"""2-D convolution, and its 1x1 special case; weights (out, kernel_h, kernel_w, in)."""

from dataclasses import dataclass

from mcu_vision.ir import Array, Graph, KernelCall, Tensor, to_int
from mcu_vision.ops.common import apply_activation, even, exact_matmul, quad, sliding_windows
from mcu_vision.ops.convolution import Convolution, requantize_sums
from mcu_vision.ops.pointwise import pointwise_params, pointwise_scratch


@dataclass
class Conv2d(Convolution):
    """inputs: x (1, H, W, I), weights (O, kh, kw, I), bias (O). TensorFlow Lite CONV_2D."""

    kind = "conv2d"

    def output_channels(self, weights: Tensor) -> int:
        return weights.shape[0]

    def _accumulate(self, x: Array, weights: Array, fill: float) -> tuple[Array, Array]:
        out, kh, kw, _ = weights.shape
        view = sliding_windows(x, (kh, kw), self.stride, self.dilation, self.padding, fill)
        return view.reshape(*view.shape[:3], -1), weights.reshape(out, -1).T

    def reference_float(self, *arrays: Array) -> Array:
        x, weights, bias = arrays
        columns, matrix = self._accumulate(x, weights, 0.0)
        return apply_activation(columns @ matrix + bias, self.activation)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x, weights, bias = arrays
        zero = graph.tensors[self.inputs[0]].quant.zero_point
        columns, matrix = self._accumulate(to_int(x) - zero, weights, 0)
        return requantize_sums(graph, self, exact_matmul(columns, matrix) + to_int(bias))

    def is_pointwise(self, graph: Graph) -> bool:
        """Whether an output pixel is made of the input pixel at its place alone."""
        kernel = graph.tensors[self.inputs[1]].shape[1:3]
        return (*kernel, *self.stride, *self.padding) == (1, 1, 1, 1, 0, 0, 0, 0)

    def kernel(self, graph: Graph) -> KernelCall:
        weights = self.constant(graph, 1)
        out_c, kh, kw, in_c = weights.shape
        params = self.params(graph, weights.reshape(out_c, -1))
        if self.is_pointwise(graph):
            scratch = pointwise_scratch(in_c, self.tile(graph))
            return KernelCall("nn_pointwise_s8", "nn_pointwise", pointwise_params(params), ("row",), scratch)
        taps = quad(kw * in_c) if self.dilation[1] == 1 else kw * quad(in_c)
        scratch = 2 * (kh * even(self.row_span(graph) * in_c) + 4) + 4 * kh * taps
        return KernelCall("nn_conv_s8", "nn_conv", params, ("rows",), scratch)
