"""Rows of several tensors end to end: strips of an image side by side, or vectors behind one another."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, KernelCall, Op, Shape, Tensor


@dataclass
class Join(Op):
    """inputs: images (1, H, W_i, C), giving (1, H, sum W_i, C), or vectors (1, C_i), giving (1, sum C_i).

    All share the output's quantisation.
    """

    kind = "join"

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        first = inputs[0].shape
        axis = self._axis(len(first))
        if len({(*t.shape[:axis], *t.shape[axis + 1 :]) for t in inputs}) != 1:
            raise UserError(f"{self.name}: {[t.shape for t in inputs]} do not fit side by side")
        return (*first[:axis], sum(t.shape[axis] for t in inputs), *first[axis + 1 :])

    def _axis(self, rank: int) -> int:
        if rank not in (2, 4):
            raise UserError(f"{self.name} joins images or vectors, no tensors of rank {rank}")
        return rank // 2

    def reference_float(self, *arrays: Array) -> Array:
        return np.concatenate(arrays, self._axis(arrays[0].ndim))

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        return self.reference_float(*arrays)

    def kernel(self, graph: Graph) -> KernelCall:
        """That of concatenation: each row is one pixel."""
        params: dict[str, int | Array] = {
            "inputs": len(self.inputs),
            "width": 1,
            "channels": np.array([graph.tensors[n].row_bytes for n in self.inputs], np.int32),
        }
        return KernelCall("nn_concat_s8", "nn_concat", params, ("row_list",), moves_bytes=True)
