"""What the two kinds of convolution share, and the constants that they share with dense layers."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.int8 import IntArray
from mcu_vision.ir import Array, Graph, Op, RowWindow, Shape, Tensor, to_int
from mcu_vision.ops.common import (
    Padding,
    Pair,
    activation_range,
    check_positive,
    check_shape,
    conv_multipliers,
    image_shape,
    output_length,
    requantize,
)

ACCUMULATOR_LIMIT = 2**30
"""Bound of an accumulator, shifted left where its scale says so (nn_conv in firmware/nn/nn.h)."""


@dataclass
class Convolution(Op):
    """inputs: x (1, H, W, I), weights (_, kh, kw, I), bias (O).

    tile_pixels: output pixels that the kernel computes with one expansion of the weights. A larger tile is
    faster and needs more scratch (formulas: firmware/nn/nn.h).
    """

    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: Padding = (0, 0, 0, 0)
    activation: str = "none"
    tile_pixels: int = 24

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        h, w, channels = image_shape(inputs[0], self.name)
        _, kh, kw, depth = inputs[1].shape
        if depth != channels:
            raise UserError(f"{self.name}: weights take {depth} channels, but the input has {channels}")
        out = self.output_channels(inputs[1])
        check_shape(inputs[2], (out,), self.name)
        oh = output_length(h, kh, self.stride[0], self.dilation[0], self.padding[0], self.padding[2])
        ow = output_length(w, kw, self.stride[1], self.dilation[1], self.padding[1], self.padding[3])
        check_positive((oh, ow), self.name)
        if self.tile_pixels < 1:
            raise UserError(f"{self.name}: a tile of {self.tile_pixels} pixels is impossible; use 1 or more")
        return (1, oh, ow, out)

    def output_channels(self, weights: Tensor) -> int:
        """How many channels `weights` give."""
        raise NotImplementedError

    def macs(self, graph: Graph) -> int:
        _, oh, ow, _ = graph.tensors[self.outputs[0]].shape
        return oh * ow * int(np.prod(graph.tensors[self.inputs[1]].shape))

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        kernel_h = graph.tensors[self.inputs[1]].shape[1]
        return [RowWindow(self.stride[0], -self.padding[0], (kernel_h - 1) * self.dilation[0] + 1, self.dilation[0])]

    def params(self, graph: Graph, matrix: Array) -> dict[str, int | Array]:
        """All fields of `nn_conv`; matrix: the weights as (channels, taps)."""
        x, out = graph.tensors[self.inputs[0]], graph.tensors[self.outputs[0]]
        _, kh, kw, in_c = graph.tensors[self.inputs[1]].shape
        params = convolution_params(graph, self, matrix)
        params |= {"kernel_h": kh, "kernel_w": kw, "stride_w": self.stride[1]}
        params |= {"pad_left": self.padding[1], "dilation_w": self.dilation[1], "in_c": in_c}
        params |= {"in_w": x.shape[2], "out_w": out.shape[2], "out_c": out.shape[3]}
        return params | {"tile": self.tile(graph)}

    def tile(self, graph: Graph) -> int:
        """Output pixels of a tile: no more than a step makes."""
        return min(self.step_pixels(graph), self.tile_pixels)

    def step_pixels(self, graph: Graph) -> int:
        """Output pixels of a step: those of a row."""
        return graph.tensors[self.outputs[0]].shape[2]

    def row_span(self, graph: Graph) -> int:
        """Input pixels that a tile reads in a row."""
        kernel_w = graph.tensors[self.inputs[1]].shape[2]
        return (self.tile(graph) - 1) * self.stride[1] + (kernel_w - 1) * self.dilation[1] + 1


def requantize_sums(graph: Graph, op: Op, acc: IntArray) -> Array:
    """Accumulators (..., channels) of a convolution as its int8 output."""
    out = graph.tensors[op.outputs[0]].quant
    source, weights = (graph.tensors[name].quant for name in op.inputs[:2])
    multiplier, shift = conv_multipliers(source, weights, out, acc.shape[-1])
    activation = getattr(op, "activation")  # noqa: B009 - every such layer has one
    return requantize(acc, multiplier, shift, out.zero_point, activation_range(activation, out))


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
