"""2-D convolution, and its 1x1 special case; weights (out, kernel_h, kernel_w, in)."""

from dataclasses import dataclass
from math import ceil

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, KernelCall, Quantization, RowWindow, Shape, Tensor, to_int
from mcu_vision.ops.common import (
    Pair,
    apply_activation,
    conv_multipliers,
    even,
    exact_matmul,
    requantize,
    sliding_windows,
)
from mcu_vision.ops.convolution import Convolution, requantize_sums
from mcu_vision.ops.pack_carry import can_carry, carry_scratch, carry_state, pack_carry
from mcu_vision.ops.pack_conv import column_values, conv_scratch, pack_conv
from mcu_vision.ops.pointwise import pointwise_params, pointwise_scratch
from mcu_vision.ops.winograd import TILE_ROWS, WINDOW_ROWS, can_use_winograd, pack_winograd, winograd_scratch

Params = dict[str, int | Array]


@dataclass
class Conv2d(Convolution):
    """inputs: x (1, H, W, I), weights (O, kh, kw, I), bias (O). TensorFlow Lite CONV_2D.

    winograd: a choice of the planner. The kernel then makes four rows a step, by a quarter of the products; only
    where `winograd_fits`.
    parts: another, beside winograd; convolutions of one input that run as one: channels, scale and zero point of each
    one's output. Without an activation.
    whole: another; one step makes all rows, so that those of a small map share the work on the weights. 1x1 alone.
    step_rows: the same for others; if not 0, an even number of rows that a step makes. Only where `rows_fit`.
    carry: another; each input row is read once, and sums of output rows are kept instead; only where `carry_fits`.
    """

    kind = "conv2d"
    winograd: bool = False
    parts: tuple[tuple[int, float, int], ...] = ()
    whole: bool = False
    step_rows: int = 0
    carry: bool = False

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        shape = super().infer_shape(inputs)
        if self.whole and not self._is_pointwise(inputs[1].shape):
            raise UserError(f"{self.name}: only a 1x1 convolution can make its map in one step")
        if self.step_rows and (self.step_rows % 2 or self.winograd or not self._can_share_rows(inputs[1].shape)):
            raise UserError(f"{self.name}: its kernel cannot make {self.step_rows} rows in a step")
        if self.parts and (not self.winograd or sum(count for count, _, _ in self.parts) != shape[3]):
            raise UserError(f"{self.name}: its kernel cannot compute these parts of {shape[3]} channels")
        return shape

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
        acc = exact_matmul(columns, matrix) + to_int(bias)
        if not self.parts:
            return requantize_sums(graph, self, acc)
        multiplier, shift, zeros = self._part_constants(graph)
        return requantize(acc, multiplier, shift, zeros, (-128, 127))

    def _part_constants(self, graph: Graph) -> tuple[Array, Array, Array]:
        """Multipliers, shifts and zero points of the outputs of all parts, one a channel."""
        x, weights = (graph.tensors[name].quant for name in self.inputs[:2])
        count = len(self.constant(graph, 1))
        outs = [conv_multipliers(x, weights, Quantization((scale,)), count) for _, scale, _ in self.parts]
        part = np.repeat(np.arange(len(self.parts)), [channels for channels, _, _ in self.parts])
        zeros = np.array([zero for _, _, zero in self.parts])
        multiplier, shift = (np.array([out[i] for out in outs])[part, np.arange(count)] for i in (0, 1))
        return multiplier, shift, zeros[part]

    def is_pointwise(self, graph: Graph) -> bool:
        """Whether an output pixel is made of the input pixel at its place alone."""
        return self._is_pointwise(graph.tensors[self.inputs[1]].shape)

    def _is_pointwise(self, weights: Shape) -> bool:
        return (*weights[1:3], *self.stride, *self.padding) == (1, 1, 1, 1, 0, 0, 0, 0)

    def kernel(self, graph: Graph) -> KernelCall:
        weights = self.constant(graph, 1)
        out_c, kh, kw, in_c = weights.shape
        params = self.params(graph, weights.reshape(out_c, -1))
        if self.is_pointwise(graph):
            scratch = pointwise_scratch(in_c, out_c, self.tile(graph))
            fields = pointwise_params(params) | {"out_w": self.step_pixels(graph)}
            return KernelCall("nn_pointwise_s8", "nn_pointwise", fields, ("whole" if self.whole else "row",), scratch)
        if self.winograd:
            return self._winograd_kernel(weights, params)
        if self.carry:
            return self._carry_kernel(graph, weights, params)
        column = column_values(kh, in_c, self.window_step(graph))
        packed = _without(params, "multiplier", "shift", "bias") | pack_conv(weights, column, params)
        if not self.step_rows:
            columns = (self.tile(graph) - 1) * self.window_step(graph) + kw
            return KernelCall("nn_conv_s8", "nn_conv2d", packed, ("rows",), conv_scratch(kw, column, columns))
        fields = {f"conv.{name}": value for name, value in packed.items()}
        fields |= {"rows": self.step_rows, "stride_h": self.stride[0]}
        scratch = self.rows_scratch(graph, self.step_rows)
        return KernelCall("nn_conv_rows_s8", "nn_conv_rows", fields, ("rows",), scratch, output_rows=self.step_rows)

    def rows_scratch(self, graph: Graph, rows: int) -> int:
        """Bytes of scratch with so many rows a step, as firmware/nn/nn.h says."""
        out_c, kh, kw, in_c = graph.tensors[self.inputs[1]].shape
        step = self.window_step(graph)
        columns = (graph.tensors[self.outputs[0]].shape[2] - 1) * step + kw
        return conv_scratch(kw, column_values(kh, in_c, step), columns, rows, out_c)

    def rows_fit(self, graph: Graph) -> bool:
        """Whether nn_conv_rows_s8 can compute this convolution."""
        return not self.winograd and self._can_share_rows(graph.tensors[self.inputs[1]].shape)

    def _can_share_rows(self, weights: Shape) -> bool:
        return self.dilation == (1, 1) and self.stride[1] <= weights[2] and not self._is_pointwise(weights)

    def _winograd_kernel(self, weights: Array, params: Params) -> KernelCall:
        dropped = ("multiplier", "shift", "bias", "kernel_h", "kernel_w", "stride_w", "dilation_w", "tile")
        zeros = np.asarray(params.pop("out_zeros", params["out_zero"]))
        filters = pack_winograd(weights, params | {"out_zero": zeros})
        packed = _without(params, *dropped) | {"weights": filters, "out_zero": int(zeros.max())}
        scratch = winograd_scratch(int(params["in_w"]), weights.shape[3])
        return KernelCall("nn_winograd_s8", "nn_winograd", packed, ("rows",), scratch, output_rows=TILE_ROWS)

    def _carry_kernel(self, graph: Graph, weights: Array, params: Params) -> KernelCall:
        out, tile = graph.tensors[self.outputs[0]], even(self.tile(graph))
        fields = _without(params, "stride_w", "dilation_w")
        fields |= {"out_h": out.rows, "tile": tile, "weights": pack_carry(weights)}
        return KernelCall(
            "nn_conv_carry_s8",
            "nn_conv_carry",
            fields,
            ("rows",),
            carry_scratch(weights.shape, min(tile, out.shape[2])),
            carry_state(weights.shape, out.shape[2]),
            passes_step=True,
        )

    def carry_fits(self, graph: Graph) -> bool:
        """Whether nn_conv_carry_s8 can compute this convolution."""
        return can_carry(graph.tensors[self.inputs[1]].shape, self.stride, self.dilation)

    def params(self, graph: Graph, matrix: Array) -> Params:
        params = super().params(graph, matrix)
        if self.parts:
            params |= dict(zip(("multiplier", "shift", "out_zeros"), self._part_constants(graph), strict=True))
        return params

    def winograd_fits(self, graph: Graph) -> bool:
        """Whether nn_winograd_s8 can compute this convolution."""
        weights = self.constant(graph, 1)
        if self.dilation != (1, 1) or self.is_pointwise(graph):
            return False
        return can_use_winograd(weights, self.params(graph, weights.reshape(len(weights), -1)), self.stride)

    @property
    def _rows_a_step(self) -> int:
        return TILE_ROWS if self.winograd else self.step_rows or 1

    def steps(self, graph: Graph) -> int:
        return 1 if self.whole else ceil(super().steps(graph) / self._rows_a_step)

    def rows_written(self, graph: Graph, step: int) -> Pair:
        rows = super().steps(graph)
        if self.whole:
            return 0, rows
        return self._rows_a_step * step, min(self._rows_a_step * (step + 1), rows)

    def step_pixels(self, graph: Graph) -> int:
        return super().step_pixels(graph) * (super().steps(graph) if self.whole else 1)

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        if self.whole:
            return [None]
        if self.carry:
            kept = graph.tensors[self.inputs[1]].shape[1] - 1
            return [RowWindow(1, kept - self.padding[0], 1, lead=kept)]
        if self.winograd:
            return [RowWindow(TILE_ROWS, -self.padding[0], WINDOW_ROWS)]
        if not self.step_rows:
            return super().windows(graph)
        kernel_h, stride = graph.tensors[self.inputs[1]].shape[1], self.stride[0]
        return [RowWindow(self.step_rows * stride, -self.padding[0], (self.step_rows - 1) * stride + kernel_h)]

    def window_step(self, graph: Graph) -> int:
        """Widened columns from one window to the next; windows that do not touch lie one after the other."""
        kernel_w = graph.tensors[self.inputs[1]].shape[2]
        return kernel_w if self.dilation[1] > 1 or self.stride[1] > kernel_w else self.stride[1]


def _without(params: Params, *dropped: str) -> Params:
    return {key: value for key, value in params.items() if key not in dropped}
