"""Places of an image picked along each axis: slices, padding, mirrored edges, repetition, nearest pixels."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, KernelCall, Op, RowWindow, Shape, Tensor

FILL = -1
"""The place of an output that takes `fill` instead of a value of the input."""


@dataclass
class Select(Op):
    """inputs: x (1, H, W, C). Output (y, x, c) is the input's (rows[y], columns[x], channels[c]).

    A place of -1 gives `fill`, which is a quantised value. An empty tuple stands for all places in order.
    """

    kind = "select"
    rows: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    fill: int = 0

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        if len(inputs[0].shape) != 4:
            raise UserError(f"{self.name}: an image (1, H, W, C) is needed, not {inputs[0].shape}")
        return (1, *(len(places) for places in self._places(inputs[0])))

    def _places(self, x: Tensor) -> list[tuple[int, ...]]:
        picked = [self.rows, self.columns, self.channels]
        for places, size in zip(picked, x.shape[1:], strict=True):
            if not all(FILL <= place < size for place in places):
                raise UserError(f"{self.name}: a place is outside {x.shape}")
        return [places or tuple(range(size)) for places, size in zip(picked, x.shape[1:], strict=True)]

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        """One row, where rows are taken at a fixed stride with padding around; else all."""
        x = graph.tensors[self.inputs[0]]
        rows = self._places(x)[0]
        inside = [y for y in range(len(rows)) if rows[y] != FILL]
        if not inside:
            return [None]
        first, second = inside[0], inside[min(1, len(inside) - 1)]
        stride = (rows[second] - rows[first]) // (second - first) if second > first else 1
        window = RowWindow(stride, rows[first] - first * stride)
        lines = [y * stride + window.offset for y in range(len(rows))]
        affine = rows == tuple(y if 0 <= y < x.rows else FILL for y in lines)
        return [window if affine and stride > 0 else None]

    def reference_float(self, *arrays: Array) -> Array:
        x, fill = arrays[0], np.asarray(self.fill, arrays[0].dtype)
        for axis, places in enumerate((self.rows, self.columns, self.channels), 1):
            if places:
                inside = np.array(places).reshape([-1 if i == axis else 1 for i in range(4)]) != FILL
                x = np.where(inside, x.take(np.maximum(places, 0), axis), fill)
        return x

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        return self.reference_float(*arrays)

    def kernel(self, graph: Graph) -> KernelCall:
        x = graph.tensors[self.inputs[0]]
        rows, columns, channels = self._places(x)
        item = x.item_bytes
        params: dict[str, int | Array] = {
            "width": len(columns),
            "channels": len(channels) * item,
            "in_c": x.shape[3] * item,
            "fill": self.fill,
            "columns": np.array(columns, np.int16),
        }
        if channels == tuple(range(channels[0], channels[0] + len(channels))) and channels[0] != FILL:
            params["first"] = channels[0] * item
        else:
            places = np.array(channels)[:, None]
            of_bytes = np.where(places < 0, FILL, places * item + np.arange(item))
            params["picked"] = of_bytes.reshape(-1).astype(np.int16)
        if self.windows(graph)[0] is not None:
            return KernelCall("nn_select_s8", "nn_select", params, ("rows",), moves_bytes=True)
        params |= {"rows": np.array(rows, np.int16), "in_row": x.row_bytes}
        return KernelCall("nn_select_rows_s8", "nn_select", params, ("whole",), passes_step=True, moves_bytes=True)
