"""RNNPool: patches summarised by two small recurrent networks (Saha et al., NeurIPS 2020, Algorithm 1).

Integer definition. A FastGRNN cell holds its state h in Q14 (int16) and computes, with P = `pre_bits`:

    wx  = saturate16(rounding_shift(sum W (x - zero_point), w_bits - P))        Q(P)
    pre = wx + rounding_shift(sum U h, u_bits + 14 - P)                        Q(P)
    z   = clamp(pre + bias_z + 2**P, 0, 2**(P+1)) << (13 - P)                  Q14
    c   = clamp(pre + bias_h, -2**P, 2**P) << (14 - P)                         Q14
    g   = min(nu + rounding_shift(zeta * (2**14 - z), 14), 32767)              Q14
    h   = saturate16(rounding_shift(z * h + g * c, 14))                        Q14

Smooth gates replace the two clamps by tables (`gate_table`) with linear interpolation. The first cell
sweeps each row (column) of the patch, the second the row (column) summaries in both directions, whose
input has zero point 0 and is Q14: its w_bits count that too. Rounding is half up. W of the first cell
contains the input's scale. The output is saturate8(rounding_shift(h, 14 - out_bits)), scale
2**-out_bits, zero point 0, channels [rows forward, rows backward, columns forward, columns backward].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from mcu_vision.int8 import IntArray, rounding_shift, saturate
from mcu_vision.ir import Array, Graph, KernelCall, Op, RowWindow, Shape, Tensor, to_int
from mcu_vision.ops.common import check_positive, check_shape, exact_matmul, image_shape, output_length, quad
from mcu_vision.ops.pair_units import pair_units
from mcu_vision.ops.rnn_bounds import INT16_LIMIT as INT16_LIMIT
from mcu_vision.ops.rnn_bounds import ONE as ONE
from mcu_vision.ops.rnn_bounds import PIXEL_LIMIT, is_simple, pixel_shift, products_fit, spare_bits
from mcu_vision.ops.rnn_bounds import STATE_BITS as STATE_BITS

TABLE_STEPS_BITS = 5
"""The gate tables have 2**5 intervals for each unit of [-8, 8]."""


class CellFormat(NamedTuple):
    """Fixed-point format of one cell: fraction bits of W (times its input), of U, of the pre-activation;
    zeta and nu in Q14."""

    w_bits: int
    u_bits: int
    pre_bits: int
    zeta: int
    nu: int


class Cell(NamedTuple):
    """One FastGRNN cell: w (hidden, inputs), u (hidden, hidden), bias_z and bias_h (hidden)."""

    w: Array
    u: Array
    bias_z: Array
    bias_h: Array


class SweepFunction(Protocol):
    """Final state after sweeping wx (..., time, hidden) with the first (0) or second (1) cell."""

    def __call__(self, wx: Array, index: int, /) -> Array: ...


class ProjectFunction(Protocol):
    """Input product of the second cell for summaries (..., h1)."""

    def __call__(self, h: Array, /) -> Array: ...


@dataclass
class RnnPool(Op):
    """inputs: x (1, H, W, K), then w, u, bias_z, bias_h of the first and of the second cell.

    `zeta`, `nu`: of both cells, in float. `replicate_last` repeats the last row and column once.
    `formats` and `out_bits` are set by quantisation. `keep_products`: the kernel keeps input products of rows that
    the next step reads too, which saves time and takes memory.
    """

    kind = "rnn_pool"
    patch: tuple[int, int] = (8, 8)
    stride: int = 4
    smooth: bool = False
    replicate_last: bool = False
    zeta: tuple[float, float] = (1.0, 1.0)
    nu: tuple[float, float] = (0.0, 0.0)
    formats: tuple[CellFormat, ...] = ()
    out_bits: int = 7
    keep_products: bool = False

    def __post_init__(self) -> None:
        self.formats = tuple(CellFormat(*f) for f in self.formats)

    def pooled_size(self, x: Tensor) -> tuple[int, int]:
        """Patches down and across, before the last row and column are repeated."""
        h, w, _ = image_shape(x, self.name)
        return (
            output_length(h, self.patch[0], self.stride, 1, 0, 0),
            output_length(w, self.patch[1], self.stride, 1, 0, 0),
        )

    @property
    def kept_rows(self) -> int:
        """Rows of a patch that the next one down reads too."""
        return max(self.patch[0] - self.stride, 0)

    def columns_used(self, x: Tensor) -> int:
        """Columns of x that lie in a patch."""
        return (self.pooled_size(x)[1] - 1) * self.stride + self.patch[1]

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        size = self.pooled_size(inputs[0])
        check_positive(size, self.name)
        depth = inputs[0].shape[3]
        for w, u, *biases in (inputs[1:5], inputs[5:9]):
            hidden = w.shape[0]
            check_shape(w, (hidden, depth), self.name)
            check_shape(u, (hidden, hidden), self.name)
            for bias in biases:
                check_shape(bias, (hidden,), self.name)
            depth = hidden
        extra = int(self.replicate_last)
        return (1, size[0] + extra, size[1] + extra, 4 * inputs[5].shape[0])

    def macs(self, graph: Graph) -> int:
        """Multiply-accumulates with all shared work done once (gates not counted)."""
        x = graph.tensors[self.inputs[0]]
        rows, columns = self.pooled_size(x)
        k = x.shape[3]
        h1, h2 = (graph.tensors[self.inputs[i]].shape[0] for i in (1, 5))
        used_h, used_w = (rows - 1) * self.stride + self.patch[0], (columns - 1) * self.stride + self.patch[1]
        line_sweeps = used_h * columns * (self.patch[1] - 1) + used_w * rows * (self.patch[0] - 1)
        summaries = used_h * columns + used_w * rows
        second = rows * columns * 2 * ((self.patch[0] - 1) + (self.patch[1] - 1))
        return used_h * used_w * k * h1 + line_sweeps * h1 * h1 + summaries * h1 * h2 + second * h2 * h2

    def steps(self, graph: Graph) -> int:
        return graph.tensors[self.outputs[0]].rows

    def row_copied(self, graph: Graph, step: int) -> int | None:
        return step - 1 if step == self.pooled_size(graph.tensors[self.inputs[0]])[0] else None

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        return [RowWindow(self.stride, 0, self.patch[0])]

    def _pool(self, wx: Array, sweep: SweepFunction, project: ProjectFunction) -> Array:
        """Common shape of both references: wx (N, H, W, h1) is the first cell's input product."""
        rows = _windows(wx, self.patch[1], self.stride, axis=2)  # (N, H, columns, patch_w, h1)
        columns = _windows(wx, self.patch[0], self.stride, axis=1)  # (N, rows, W, patch_h, h1)
        row_summary = project(sweep(rows, 0))  # (N, H, columns, h2)
        column_summary = project(sweep(columns, 0))  # (N, rows, W, h2)
        over_rows = _windows(row_summary, self.patch[0], self.stride, axis=1)
        over_columns = _windows(column_summary, self.patch[1], self.stride, axis=2)
        parts = [sweep(over_rows, 1), sweep(over_rows[..., ::-1, :], 1)]
        parts += [sweep(over_columns, 1), sweep(over_columns[..., ::-1, :], 1)]
        out = np.concatenate(parts, -1)
        if self.replicate_last:
            out = np.pad(out, ((0, 0), (0, 1), (0, 1), (0, 0)), mode="edge")
        return out

    def reference_float(self, *arrays: Array) -> Array:
        x, cells = arrays[0], (Cell(*arrays[1:5]), Cell(*arrays[5:9]))

        def sweep(wx: Array, index: int) -> Array:
            cell = cells[index]
            h = np.zeros(wx.shape[:-2] + wx.shape[-1:], wx.dtype)
            for t in range(wx.shape[-2]):
                pre = wx[..., t, :] + h @ cell.u.T
                z, c = _gates_float(pre + cell.bias_z, pre + cell.bias_h, self.smooth)
                h = z * h + (self.zeta[index] * (1 - z) + self.nu[index]) * c
            return h

        return self._pool(x @ cells[0].w.T, sweep, lambda h: h @ cells[1].w.T)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        x, cells = arrays[0], (Cell(*arrays[1:5]), Cell(*arrays[5:9]))
        zero = graph.tensors[self.inputs[0]].quant.zero_point

        def product(value: IntArray, index: int) -> IntArray:
            form = self.formats[index]
            return saturate(rounding_shift(exact_matmul(value, cells[index].w.T), form.w_bits - form.pre_bits), 16)

        def sweep(wx: IntArray, index: int) -> IntArray:
            h = np.zeros(wx.shape[:-2] + wx.shape[-1:], np.int64)
            for t in range(wx.shape[-2]):
                h = step_int(wx[..., t, :], h, cells[index], self.formats[index], self.smooth)
            return h

        h = self._pool(product(to_int(x) - zero, 0), sweep, lambda s: product(s, 1))
        return saturate(rounding_shift(h, STATE_BITS - self.out_bits), 8).astype(np.int8)

    def kernel_cells(self, graph: Graph) -> tuple[Cell, Cell]:
        """Both cells as kernels get them: the hidden units of the first, which nobody else sees, in `pair_units`."""
        first, second = (Cell(*(self.constant(graph, 1 + 4 * index + i) for i in range(4))) for index in (0, 1))
        order = pair_units((first.u, second.w), (max(self.patch) - 1, 1))
        first = Cell(first.w[order], first.u[order][:, order], first.bias_z[order], first.bias_h[order])
        return first, second._replace(w=second.w[:, order])

    def kernel(self, graph: Graph) -> KernelCall:
        x = graph.tensors[self.inputs[0]]
        _, columns = self.pooled_size(x)
        h1, h2 = (graph.tensors[self.inputs[i]].shape[0] for i in (1, 5))
        params: dict[str, Any] = {
            "in_w": x.shape[2],
            "in_c": x.shape[3],
            "out_w": columns,
            "patch_h": self.patch[0],
            "patch_w": self.patch[1],
            "stride": self.stride,
            "repeat_last": int(self.replicate_last),
            "out_bits": self.out_bits,
            "keep_products": int(self.keep_products and self.kept_rows > 0),
        }
        cells = self.kernel_cells(graph)
        simple = [not self.smooth and is_simple(cell, form) for cell, form in zip(cells, self.formats, strict=True)]
        simple[0] &= int(cells[1].w.min()) > -INT16_LIMIT
        limits = (PIXEL_LIMIT, ONE if simple[0] else 2 * ONE)
        for index, zero in ((0, x.quant.zero_point), (1, 0)):
            name, form = f"cell{index + 1}", self.formats[index]
            params |= _cell_params(name, cells[index], form, zero)
            params[f"{name}.simple"] = int(simple[index])
            params[f"{name}.u_spare"] = spare_bits(cells[index].u, params[f"{name}.u_shift"])
            narrow = products_fit(cells[index], form, zero, limits[index])
            params[f"{name}.w_spare"] = spare_bits(cells[index].w, params[f"{name}.w_shift"]) if narrow else -1
        params["pixel_shift"] = pixel_shift(x, cells[0], self.formats[0])
        if self.smooth:
            params |= {"sigmoid": gate_table("sigmoid"), "tanh": gate_table("tanh")}
        e1, e2, pixel = quad(h1), quad(h2), quad(x.shape[3])
        batch = 4 if self.stride > 2 else 2
        products = self.patch[0] * max(batch * e1, e2) + self.patch[1] * e2
        waiting = -(-self.patch[1] // self.stride) * -(-self.patch[0] // 2) * 2 * e1
        matrices = e1 * (pixel + e1 + 6) + e2 * (e1 + e2 + 6)
        scratch = 2 * (matrices + 2 * pixel + (batch + 2) * max(e1, e2) + products + waiting)
        kept_columns = columns * e2 + params["keep_products"] * self.columns_used(x) * e1
        state = 2 * self.kept_rows * kept_columns
        return KernelCall(
            "nn_rnn_pool_s8", "nn_rnn_pool", params, ("rows",), scratch, state, passes_step=True, passes_state=True
        )


def _windows(x: Array, size: int, stride: int, axis: int) -> Array:
    """Windows along `axis`, their positions moved behind the spatial axes: (N, A, B, size, channels)."""
    view = np.lib.stride_tricks.sliding_window_view(x, size, axis=axis)
    index = [slice(None)] * view.ndim
    index[axis] = slice(None, None, stride)
    return np.moveaxis(view[tuple(index)], -1, -2)


def _gates_float(z: Array, c: Array, smooth: bool) -> tuple[Array, Array]:
    if smooth:
        return 1 / (1 + np.exp(-z)), np.tanh(c)
    return np.clip((z + 1) / 2, 0, 1), np.clip(c, -1, 1)


def step_int(wx: IntArray, h: IntArray, cell: Cell, form: CellFormat, smooth: bool) -> IntArray:
    """One step of a cell in integers (see the module's text): wx, h int64 (..., hidden)."""
    p = form.pre_bits
    pre = wx + rounding_shift(exact_matmul(h, cell.u.T), form.u_bits + STATE_BITS - p)
    z, c = pre + to_int(cell.bias_z), pre + to_int(cell.bias_h)
    if smooth:
        z, c = interpolate("sigmoid", z, p), interpolate("tanh", c, p)
    else:
        z = np.clip(z + (1 << p), 0, 1 << (p + 1)) << (STATE_BITS - 1 - p)
        c = np.clip(c, -(1 << p), 1 << p) << (STATE_BITS - p)
    g = np.minimum(form.nu + rounding_shift(form.zeta * (ONE - z), STATE_BITS), 32767)
    return saturate(rounding_shift(z * h + g * c, STATE_BITS), 16)


def gate_table(gate: str) -> npt.NDArray[np.int16]:
    """Q14 values of "sigmoid" or "tanh" at -8, -8 + 1/32, ..., 8 (513 entries)."""
    x = np.arange(-(8 << TABLE_STEPS_BITS), (8 << TABLE_STEPS_BITS) + 1) / (1 << TABLE_STEPS_BITS)
    y = 1 / (1 + np.exp(-x)) if gate == "sigmoid" else np.tanh(x)
    return np.asarray(np.floor(y * ONE + 0.5), np.int16)


def interpolate(gate: str, value: IntArray, bits: int) -> IntArray:
    """Look `value` (Q`bits`, bits >= 5) up in the table of `gate`; between entries linear, rounding half up."""
    table = to_int(gate_table(gate))
    position = np.clip(value, -(8 << bits), 8 << bits) + (8 << bits)
    shift = bits - TABLE_STEPS_BITS
    index = np.minimum(position >> shift, len(table) - 2)
    rest = position - (index << shift)
    return np.asarray(table[index] + rounding_shift((table[index + 1] - table[index]) * rest, shift))


def _cell_params(prefix: str, cell: Cell, form: CellFormat, zero: int) -> dict[str, Any]:
    offset = -zero * cell.w.sum(1, dtype=np.int64)
    return {
        f"{prefix}.inputs": cell.w.shape[1],
        f"{prefix}.hidden": cell.w.shape[0],
        f"{prefix}.pre_bits": form.pre_bits,
        f"{prefix}.w_shift": form.w_bits - form.pre_bits,
        f"{prefix}.u_shift": form.u_bits + STATE_BITS - form.pre_bits,
        f"{prefix}.zeta": form.zeta,
        f"{prefix}.nu": form.nu,
        f"{prefix}.w": cell.w,
        f"{prefix}.u": cell.u,
        f"{prefix}.w_offset": offset.astype(np.int32),
        f"{prefix}.bias_z": cell.bias_z,
        f"{prefix}.bias_h": cell.bias_h,
    }
