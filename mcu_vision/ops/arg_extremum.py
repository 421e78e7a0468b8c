"""Where the largest or smallest value of the last axis is; the first of several."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.ir import Array, Graph, KernelCall, Op, RowWindow, Shape, Tensor


@dataclass
class _ArgExtremum(Op):
    """inputs: x (1, ..., C), read whole; output int32 (1, ...)."""

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        return inputs[0].shape[:-1]

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        return [None]

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        return self.reference_float(*arrays).astype(np.int32)

    def kernel(self, graph: Graph) -> KernelCall:
        out = graph.tensors[self.outputs[0]]
        params: dict[str, int | Array] = {
            "width": out.row_elements,
            "channels": graph.tensors[self.inputs[0]].shape[-1],
            "smallest": int(self.kind == "arg_min"),
        }
        return KernelCall("nn_arg_extremum_s8", "nn_arg_extremum", params, ("whole",), passes_step=True)


@dataclass
class ArgMax(_ArgExtremum):
    """inputs: x (1, ..., C). TensorFlow Lite ARG_MAX."""

    kind = "arg_max"

    def reference_float(self, *arrays: Array) -> Array:
        return np.asarray(arrays[0].argmax(-1))


@dataclass
class ArgMin(_ArgExtremum):
    """inputs: x (1, ..., C). TensorFlow Lite ARG_MIN."""

    kind = "arg_min"

    def reference_float(self, *arrays: Array) -> Array:
        return np.asarray(arrays[0].argmin(-1))
