"""Scale and offset of each channel: batch normalisation, learned scales. Exists in float graphs alone."""

from dataclasses import dataclass

from mcu_vision.ir import Array, Graph, KernelCall, Op, Shape, Tensor
from mcu_vision.ops.common import check_shape


@dataclass
class ScaleChannels(Op):
    """inputs: x (..., C), scale (C), offset (C). Folded into convolutions before quantisation."""

    kind = "scale_channels"

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        for constant in inputs[1:3]:
            check_shape(constant, inputs[0].shape[-1:], self.name)
        return inputs[0].shape

    def reference_float(self, *arrays: Array) -> Array:
        return arrays[0] * arrays[1] + arrays[2]

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        raise NotImplementedError("scale_channels is folded before quantisation")

    def kernel(self, graph: Graph) -> KernelCall:
        raise NotImplementedError("scale_channels is folded before quantisation")
