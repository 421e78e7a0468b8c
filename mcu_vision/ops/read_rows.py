"""The image's way in, where it never lies in RAM as a whole: one row at a time, from a function of the user."""

from dataclasses import dataclass

from mcu_vision.ir import Array, Graph, KernelCall, Op, Shape, Tensor


@dataclass
class ReadRows(Op):
    """inputs: the image (1, H, W, C), which takes no memory. Each step asks for the next row, once.

    columns: of each row only these, [first, last), are kept; None keeps the row. Where several such operators
    read an image they ask for all its rows in turn.
    """

    kind = "read_rows"
    columns: tuple[int, int] | None = None

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        batch, height, width, channels = inputs[0].shape
        return batch, height, self.columns[1] - self.columns[0] if self.columns else width, channels

    def reference_float(self, *arrays: Array) -> Array:
        return arrays[0][:, :, slice(*self.columns)] if self.columns else arrays[0]

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        return self.reference_float(*arrays)

    def kernel(self, graph: Graph) -> KernelCall:
        """No kernel: generated C calls the model's own `<prefix>_read_row`, with scratch for a row that is cut."""
        image = graph.tensors[self.inputs[0]]
        return KernelCall("", "", {}, (), image.row_bytes if self.columns else 0)

    def bytes_skipped(self, graph: Graph) -> int:
        """Of each row, those before the columns that are kept."""
        return self.columns[0] * graph.tensors[self.inputs[0]].shape[3] if self.columns else 0
