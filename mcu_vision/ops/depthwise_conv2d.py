"""Depthwise 2-D convolution with multiplier 1; weights (1, kernel_h, kernel_w, C)."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, KernelCall, RowWindow, Shape, Tensor, to_int
from mcu_vision.ops.common import Pair, apply_activation, even, quad, sliding_windows
from mcu_vision.ops.convolution import Convolution, requantize_sums
from mcu_vision.ops.depthwise_packing import LEAST_CHANNELS, depthwise_params


@dataclass
class DepthwiseConv2d(Convolution):
    """inputs: x (1, H, W, C), weights (1, kh, kw, C), bias (C). TensorFlow Lite DEPTHWISE_CONV_2D.

    step_rows: a choice of the planner. If not 0, an even number of rows that a step makes, which share what they read;
    only where `rows_fit`.
    """

    kind = "depthwise_conv2d"
    tile_pixels: int = 48
    step_rows: int = 0

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        shape = super().infer_shape(inputs)
        if self.step_rows and (self.step_rows % 2 or not self._can_share_rows(inputs[1].shape, shape)):
            raise UserError(f"{self.name}: its kernel cannot make {self.step_rows} rows in a step")
        return shape

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
        if self.step_rows:
            return self._rows_kernel(graph, params)
        span = self.row_span(graph)
        scratch = 8 * even(kh) * (span + kw)
        if "packed" in params:
            scratch = 24 * max(span, 3 * self.stride[1] + 3)
        return KernelCall("nn_depthwise_s8", "nn_depthwise", params, ("rows",), scratch)

    def _rows_kernel(self, graph: Graph, params: dict[str, int | Array]) -> KernelCall:
        dropped = ("tile", "kernel_h", "kernel_w", "stride_w", "dilation_w")
        fields = {name: value for name, value in params.items() if name not in dropped}
        fields |= {"rows": self.step_rows, "stride": self.stride[1]}
        scratch = self.rows_scratch(graph, self.step_rows)
        return KernelCall(
            "nn_depthwise_rows_s8", "nn_depthwise_rows", fields, ("rows",), scratch, output_rows=self.step_rows
        )

    def rows_scratch(self, graph: Graph, rows: int) -> int:
        """Bytes of scratch with so many rows a step, as firmware/nn/nn.h says."""
        x, out = graph.tensors[self.inputs[0]], graph.tensors[self.outputs[0]]
        stride, width = self.stride[1], out.shape[2]
        band = 4 * (stride + 1) * ((width - 1) * stride + 3)
        spare = quad(out.row_bytes) if out.rows % 2 else 0
        return 2 * rows * (band + 4) + quad(x.row_bytes) + spare

    def rows_fit(self, graph: Graph) -> bool:
        """Whether nn_depthwise_rows_s8 can compute this convolution."""
        weights = self.constant(graph, 1)
        if not self._can_share_rows(weights.shape, graph.tensors[self.outputs[0]].shape):
            return False
        return "packed" in depthwise_params(self.params(graph, weights.reshape(-1, weights.shape[3]).T))

    def _can_share_rows(self, weights: Shape, out: Shape) -> bool:
        kernel = (*weights[1:3], *self.dilation)
        return kernel == (3, 3, 1, 1) and self.stride in ((1, 1), (2, 2)) and out[2] >= 2 and out[3] >= LEAST_CHANNELS

    def steps(self, graph: Graph) -> int:
        rows = super().steps(graph)
        return ceil(rows / self.step_rows) if self.step_rows else rows

    def rows_written(self, graph: Graph, step: int) -> Pair:
        if not self.step_rows:
            return super().rows_written(graph, step)
        return self.step_rows * step, min(self.step_rows * (step + 1), super().steps(graph))

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        if not self.step_rows:
            return super().windows(graph)
        stride = self.stride[0]
        return [RowWindow(self.step_rows * stride, -self.padding[0], (self.step_rows - 1) * stride + 3)]
