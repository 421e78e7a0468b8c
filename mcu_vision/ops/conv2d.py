"""2-D convolution, and its 1x1 special case; weights (out, kernel_h, kernel_w, in)."""

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
    exact_matmul,
    image_shape,
    output_length,
    quad,
    requantize,
    sliding_windows,
)

TILE_PIXELS = 24
"""NN_TILE_PIXELS of firmware/nn/nn.h, where the scratch formulas are explained."""
ACCUMULATOR_LIMIT = 2**30
"""Bound of an accumulator, shifted left where its scale says so (nn_conv in firmware/nn/nn.h)."""


@dataclass
class Conv2d(Op):
    """inputs: x (1, H, W, I), weights (O, kh, kw, I), bias (O). TensorFlow Lite CONV_2D."""

    kind = "conv2d"
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Padding = (0, 0, 0, 0)
    activation: str = "none"

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        h, w, channels = image_shape(inputs[0], self.name)
        out, kh, kw, depth = inputs[1].shape
        if depth != channels:
            raise UserError(f"{self.name}: weights take {depth} channels, but the input has {channels}")
        check_shape(inputs[2], (out,), self.name)
        oh = output_length(h, kh, self.stride[0], self.dilation[0], self.padding[0], self.padding[2])
        ow = output_length(w, kw, self.stride[1], self.dilation[1], self.padding[1], self.padding[3])
        check_positive((oh, ow), self.name)
        return (1, oh, ow, out)

    def macs(self, graph: Graph) -> int:
        _, oh, ow, _ = graph.tensors[self.outputs[0]].shape
        return oh * ow * int(np.prod(graph.tensors[self.inputs[1]].shape))

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        kernel_h = graph.tensors[self.inputs[1]].shape[1]
        return [RowWindow(self.stride[0], -self.padding[0], (kernel_h - 1) * self.dilation[0] + 1, self.dilation[0])]

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
        source, out = graph.tensors[self.inputs[0]].quant, graph.tensors[self.outputs[0]].quant
        columns, matrix = self._accumulate(to_int(x) - source.zero_point, weights, 0)
        acc = exact_matmul(columns, matrix) + to_int(bias)
        multiplier, shift = conv_multipliers(source, graph.tensors[self.inputs[1]].quant, out, acc.shape[-1])
        return requantize(acc, multiplier, shift, out.zero_point, activation_range(self.activation, out))

    def kernel(self, graph: Graph) -> KernelCall:
        x, out = graph.tensors[self.inputs[0]], graph.tensors[self.outputs[0]]
        weights = self.constant(graph, 1)
        _, kh, kw, in_c = weights.shape
        params = convolution_params(graph, self, weights.reshape(weights.shape[0], -1))
        params |= {"kernel_h": kh, "kernel_w": kw, "stride_w": self.stride[1]}
        params |= {"pad_left": self.padding[1], "dilation_w": self.dilation[1], "in_c": in_c}
        params |= {"in_w": x.shape[2], "out_w": out.shape[2], "out_c": out.shape[3]}
        pointwise = (kh, kw, *self.stride, *self.padding) == (1, 1, 1, 1, 0, 0, 0, 0)
        if pointwise:
            scratch = 2 * quad(in_c) * (even(min(out.shape[2], TILE_PIXELS)) + 2)
            return KernelCall("nn_pointwise_s8", "nn_conv", params, ("row",), scratch)
        span = (min(out.shape[2], TILE_PIXELS) - 1) * self.stride[1] + (kw - 1) * self.dilation[1] + 1
        taps = quad(kw * in_c) if self.dilation[1] == 1 else kw * quad(in_c)
        scratch = 2 * (kh * even(span * in_c) + 4) + 4 * kh * taps
        return KernelCall("nn_conv_s8", "nn_conv", params, ("rows",), scratch)


def convolution_params(graph: Graph, op: Op, matrix: Array) -> dict[str, int | Array]:
    """Fields of `nn_conv` that all convolutions share; the input's zero point is folded into the bias.

    matrix: the weights as (channels, taps). Raises UserError if an accumulator may leave the kernels' range.
    """
    source, out = graph.tensors[op.inputs[0]].quant, graph.tensors[op.outputs[0]].quant
    weights, bias = op.constant(graph, 1), op.constant(graph, 2)
    multiplier, shift = conv_multipliers(source, graph.tensors[op.inputs[1]].quant, out, bias.shape[0])
    low, high = activation_range(getattr(op, "activation"), out)  # noqa: B009 - every convolution has one
    folded = to_int(bias) - source.zero_point * matrix.sum(1, dtype=np.int64)
    largest = np.abs(folded) + 128 * np.abs(to_int(matrix)).sum(1)
    too_large = np.flatnonzero(largest << np.maximum(to_int(shift), 0) >= ACCUMULATOR_LIMIT)
    if too_large.size:
        raise UserError(
            f"{op.name}: channel {too_large[0]} can overflow the kernel's accumulator; its bias is too large for "
            "the scale of its weights, or the output's range too small: quantise the model again"
        )
    return {
        "in_zero": source.zero_point,
        "out_zero": out.zero_point,
        "out_min": low,
        "out_max": high,
        "weights": weights,
        "bias": folded.astype(np.int32),
        "multiplier": multiplier,
        "shift": shift,
    }
