"""The image's way in, where it never lies in RAM as a whole: one row at a time, from a function of the user."""

from dataclasses import dataclass

from mcu_vision.ir import Array, Graph, KernelCall, Op, Shape, Tensor


@dataclass
class ReadRows(Op):
    """inputs: the image (1, H, W, C), which takes no memory. Each step asks for the next row, once."""

    kind = "read_rows"

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        return inputs[0].shape

    def reference_float(self, *arrays: Array) -> Array:
        return arrays[0]

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        return arrays[0]

    def kernel(self, graph: Graph) -> KernelCall:
        """No kernel: generated C calls the model's own `<prefix>_read_row`."""
        return KernelCall("", "", {}, ())
