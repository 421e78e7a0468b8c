"""What operators on two tensors of one shape share."""

from dataclasses import dataclass

from mcu_vision.errors import UserError
from mcu_vision.ir import Graph, Op, Shape, Tensor


@dataclass
class Pairwise(Op):
    """inputs: a, b of equal shape; value i of the output comes from value i of each and may take its place."""

    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        if inputs[0].shape != inputs[1].shape:
            raise UserError(f"{self.name}: shapes {inputs[0].shape} and {inputs[1].shape} differ")
        return inputs[0].shape

    def in_place_inputs(self, graph: Graph) -> tuple[str, ...]:
        return self.inputs
