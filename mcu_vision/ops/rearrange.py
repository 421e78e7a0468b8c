"""The same values in another order or shape: reshape, transpose, blocks of pixels to channels and back."""

from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, KernelCall, Op, RowWindow, Shape, Tensor

MAX_AXES = 6
"""NN_REARRANGE_AXES of firmware/nn/nn.h."""


@dataclass
class Rearrange(Op):
    """inputs: x. Its values are seen as `view`, whose axes are permuted by `axes` (numpy's sense; none: in order).

    Shapes are without the batch. `shape` is the output's.
    """

    kind = "rearrange"
    shape: tuple[int, ...] = ()
    view: tuple[int, ...] = ()
    axes: tuple[int, ...] = ()

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        count = prod(inputs[0].shape)
        valid = sorted(self.axes) == list(range(len(self.view)))
        if len(self.axes) > MAX_AXES:
            raise UserError(f"{self.name}: at most {MAX_AXES} axes can be permuted, not {len(self.axes)}")
        if not valid or count != prod(self.view) or count != prod(self.shape):
            raise UserError(f"{self.name}: {inputs[0].shape} cannot become {self.shape}")
        return (1, *self.shape)

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        return [RowWindow() if self._copies_rows(graph) else None]

    def in_place_inputs(self, graph: Graph) -> tuple[str, ...]:
        return self.inputs if self._copies_rows(graph) else ()

    def _copies_rows(self, graph: Graph) -> bool:
        """True if each output row is the input row of the same number."""
        x, out = graph.tensors[self.inputs[0]], graph.tensors[self.outputs[0]]
        return x.rows == out.rows and list(self.axes) == sorted(self.axes)

    def reference_float(self, *arrays: Array) -> Array:
        x = arrays[0].reshape(-1, *self.view).transpose(0, *(1 + a for a in self.axes))
        return np.asarray(x.reshape(-1, *self.shape))

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        return self.reference_float(*arrays)

    def kernel(self, graph: Graph) -> KernelCall:
        out = graph.tensors[self.outputs[0]]
        if self._copies_rows(graph):
            return KernelCall("nn_copy_s8", "nn_copy", {"count": out.row_bytes}, ("row",), moves_bytes=True)
        counts, steps = self._loops(out.row_bytes, out.item_bytes)
        params: dict[str, int | Array] = {
            "starts": self._starts(out.rows) * out.item_bytes,
            "runs": out.row_bytes // counts[-1],
            "run": counts[-1],
            "run_step": steps[-1],
            "axes": len(counts) - 1,
            "counts": np.array(counts[:-1] or [1], np.int32),
            "steps": np.array(steps[:-1] or [0], np.int32),
        }
        return KernelCall("nn_rearrange_s8", "nn_rearrange", params, ("whole",), passes_step=True, moves_bytes=True)

    def _starts(self, rows: int) -> npt.NDArray[np.int32]:
        """Element of the input that begins each output row."""
        order = np.arange(prod(self.view)).reshape(self.view).transpose(self.axes)
        return np.asarray(order.reshape(rows, -1)[:, 0], np.int32)

    def _loops(self, row_bytes: int, item_bytes: int) -> tuple[list[int], list[int]]:
        """Counts and steps in the input of the axes within an output row, outermost first, neighbours merged.

        The bytes of a value are the innermost axis.
        """
        sizes, steps = [item_bytes], [1]
        for axis in reversed(self.axes):
            step = prod(self.view[axis + 1 :]) * item_bytes
            if step == steps[0] * sizes[0]:
                sizes[0] *= self.view[axis]
            elif self.view[axis] > 1:
                sizes.insert(0, self.view[axis])
                steps.insert(0, step)
        kept = len(sizes)
        while prod(sizes[kept - 1 :]) < row_bytes:
            kept -= 1
        inner = prod(sizes[kept:])
        return [row_bytes // inner, *sizes[kept:]], steps[kept - 1 :]
