"""A function from int8 to int16, as a table of its 256 results."""

from dataclasses import dataclass

import numpy as np

from mcu_vision.ir import Array, Graph, KernelCall, to_int
from mcu_vision.ops.lookup import Lookup


@dataclass
class LookupInt16(Lookup):
    """inputs: x of any shape, table (256) int16, whose element q + 128 is the result of q."""

    kind = "lookup_int16"

    def in_place_inputs(self, graph: Graph) -> tuple[str, ...]:
        return ()

    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        return np.asarray(arrays[1][to_int(arrays[0]) + 128])

    def kernel(self, graph: Graph) -> KernelCall:
        params: dict[str, int | Array] = {
            "count": graph.tensors[self.inputs[0]].row_elements,
            "table": self.constant(graph, 1),
        }
        return KernelCall("nn_lookup_s16", "nn_lookup_wide", params, ("row",))
