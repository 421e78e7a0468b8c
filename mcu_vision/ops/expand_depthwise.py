"""A 1x1 convolution and the 3x3 depthwise convolution behind it as one operator: its kernel makes the wide map as the
words that the depthwise convolution multiplies, four channels at a time."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, KernelCall, RowWindow, Shape, Tensor
from mcu_vision.ops.common import Pair
from mcu_vision.ops.conv2d import Conv2d
from mcu_vision.ops.depthwise_conv2d import DepthwiseConv2d
from mcu_vision.ops.inverted_bottleneck import InvertedBottleneck
from mcu_vision.ops.pointwise import FOURS_STREAM_BYTES, LANES_SHIFT, SCALE_BITS, pointwise_params

KEPT_ROWS = 2
"""Of the wide map, that a step begins with."""
CHANNELS = 4
"""NN_BAND_CHANNELS of firmware/nn/nn_depthwise_rows.h."""


@dataclass
class ExpandDepthwise(InvertedBottleneck):
    """The stages "expand" and "depthwise" of an inverted bottleneck, `step_rows` output rows a step: an even number.

    Only where `rows_fit`: the expansion gives values from its zero point up to the end of int8.
    """

    kind = "expand_depthwise"
    stages: tuple[str, ...] = ("expand", "depthwise")
    stage_activations: tuple[str, ...] = ("relu6", "relu6")
    step_rows: int = 2

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        shape = super().infer_shape(inputs)
        if self.stages != ("expand", "depthwise") or self.step_rows < 2 or self.step_rows % 2:
            raise UserError(f"{self.name}: its kernel cannot make {self.step_rows} rows of {', '.join(self.stages)}")
        return shape

    def rows_fit(self, graph: Graph) -> bool:
        """Whether nn_expand_depthwise_s8 can compute this block."""
        parts = self.part_graph(graph)
        expand, depthwise = parts.ops
        assert isinstance(expand, Conv2d)
        assert isinstance(depthwise, DepthwiseConv2d)
        in_c, hidden = (parts.tensors[name].shape[3] for name in (expand.inputs[0], depthwise.inputs[0]))
        shapes_fit = in_c % 4 == 0 and hidden % CHANNELS == 0 and max(self.padding) <= 1
        if not shapes_fit or not depthwise.rows_fit(parts):
            return False
        fields = self._expansion(parts, expand)
        clamped = (fields["out_min"], fields["out_max"]) != (-128, 127)
        rights = np.asarray(fields["packed"]).reshape(hidden // 2, -1)[:, 4:8:3]
        return (
            fields["scaled"] == SCALE_BITS
            and not clamped
            and not fields["ties"]
            and bool(np.all(rights >= LANES_SHIFT))
        )

    def _expansion(self, parts: Graph, expand: Conv2d) -> dict[str, int | Array]:
        weights = expand.constant(parts, 1)
        params = expand.params(parts, weights.reshape(len(weights), -1))
        return pointwise_params(params, lanes=True)

    def steps(self, graph: Graph) -> int:
        return ceil(super().steps(graph) / self.step_rows)

    def rows_written(self, graph: Graph, step: int) -> Pair:
        return self.step_rows * step, min(self.step_rows * (step + 1), super().steps(graph))

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        rows = self.step_rows * self.stride[0]
        return [RowWindow(rows, KEPT_ROWS - self.padding[0], rows, lead=KEPT_ROWS)]

    def in_place_inputs(self, graph: Graph) -> tuple[str, ...]:
        return ()

    def row_pairs(self, graph: Graph, step: int) -> tuple[int, int]:
        """Pairs of rows of the wide map that a step computes, and how many rows it computes without partner."""
        height, window = graph.tensors[self.inputs[0]].rows, self.windows(graph)[0]
        assert window is not None
        first, last = self.rows_written(graph, step)
        begin = step * window.stride - self.padding[0] + (KEPT_ROWS if step else 0)
        bands = ceil((last - first) / 2)
        end = first * self.stride[0] - self.padding[0] + 2 * (bands * self.stride[0] + 1)
        there = [(0 <= y < height) + (0 <= y + 1 < height) for y in range(begin, end, 2)]
        return there.count(2), there.count(1)

    def kernel(self, graph: Graph) -> KernelCall:
        parts = self.part_graph(graph)
        expand, depthwise = parts.ops
        assert isinstance(expand, Conv2d)
        assert isinstance(depthwise, DepthwiseConv2d)
        depthwise.step_rows = self.step_rows
        params = {f"expand.{key}": value for key, value in self._expansion(parts, expand).items()}
        params |= {f"depthwise.{key}": value for key, value in depthwise.kernel(parts).params.items()}
        return KernelCall(
            "nn_expand_depthwise_s8",
            "nn_expand_depthwise",
            params,
            ("rows",),
            self.rows_scratch(graph, self.step_rows),
            self._state_bytes(graph),
            passes_step=True,
            passes_state=True,
            output_rows=self.step_rows,
        )

    def _band_bytes(self, graph: Graph) -> int:
        """Of two output rows: the words of four channels."""
        stride, width = self.stride[1], graph.tensors[self.outputs[0]].shape[2]
        return 4 * CHANNELS * (stride + 1) * ((width - 1) * stride + 3)

    def _state_bytes(self, graph: Graph) -> int:
        fours = graph.tensors[self.outputs[0]].shape[3] // CHANNELS
        return self._band_bytes(graph) * ceil(fours / (self.stride[1] + 1)) if self.steps(graph) > 1 else 0

    def rows_scratch(self, graph: Graph, rows: int) -> int:
        """Bytes of scratch with so many rows a step, as firmware/nn/nn.h says."""
        x, out = graph.tensors[self.inputs[0]], graph.tensors[self.outputs[0]]
        _, height, width, in_c = x.shape
        steps, pairs = ceil(out.rows / rows), rows * self.stride[0] // 2
        wide_rows = min(height, 2 * (pairs + 1) if steps > 1 else height)
        pixels = 2 * in_c * (wide_rows * width + 2 * (width % 2))
        band = self._band_bytes(graph)
        return rows // 2 * (band + 16) + band + 12 * (pairs + 1) + pixels + 2 * CHANNELS * in_c + FOURS_STREAM_BYTES
