"""Concatenation of images along channels; all inputs share the output's quantisation."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, KernelCall, Op, Shape, Tensor


@dataclass
class Concat(Op):
    """inputs: images (1, H, W, C_i); output (1, H, W, sum C_i). TensorFlow Lite CONCATENATION, axis 3."""

    kind = "concat"

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        if len({t.shape[:-1] for t in inputs}) != 1 or len(inputs[0].shape) != 4:
            raise UserError(f"{self.name}: images of one size are needed, not {[t.shape for t in inputs]}")
        return (*inputs[0].shape[:-1], sum(t.shape[-1] for t in inputs))

    def reference_float(self, *arrays: Array) -> Array:
        return np.concatenate(arrays, -1)

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        return np.concatenate(arrays, -1)

    def kernel(self, graph: Graph) -> KernelCall:
        channels = [graph.tensors[n].shape[-1] for n in self.inputs]
        params: dict[str, int | Array] = {
            "inputs": len(channels),
            "width": graph.tensors[self.outputs[0]].shape[2],
            "channels": np.array(channels, np.int32) * graph.tensors[self.outputs[0]].item_bytes,
        }
        return KernelCall("nn_concat_s8", "nn_concat", params, ("row_list",), moves_bytes=True)
