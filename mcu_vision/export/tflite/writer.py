"""A graph on its way into a file, and what exporters of operators ask of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.export.tflite.file import Options, Subgraph, TfliteFile
from mcu_vision.export.tflite.flatbuffer import Number, Vector
from mcu_vision.ir import Array, Graph, Op, Quantization, Shape, Tensor

Exporter = Callable[["GraphWriter", Op], None]
EXPORTERS: dict[str, Exporter] = {}
"""Which function writes which kind of operator."""
COMPOSITE_PREFIX = "mcu_vision."
FUSED = {"none": 0, "relu": 1, "relu_n1_to_1": 2, "relu6": 3}


def exports(*kinds: str) -> Callable[[Exporter], Exporter]:
    """The decorated function writes operators of these kinds."""

    def register(exporter: Exporter) -> Exporter:
        EXPORTERS.update(dict.fromkeys(kinds, exporter))
        return exporter

    return register


def fused(op: Op) -> Number:
    """An operator's activation as its option."""
    return Number("i1", FUSED[getattr(op, "activation", "none")])


class GraphWriter:
    """Writes a graph's tensors and operators into subgraph 0. notes: what a user should know of the file."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.file = TfliteFile(f"{graph.name}, written by mcu-vision")
        self.main = self.file.subgraph("main")
        self.notes: list[str] = []
        self._tensors: dict[str, int] = {}

    def value(self, name: str) -> int:
        """The file's tensor of the graph's."""
        if name not in self._tensors:
            tensor = self.graph.tensors[name]
            quant = tensor.quantization if tensor.dtype == "int8" else None
            self._tensors[name] = self.main.tensor(name, tensor.shape, tensor.dtype, quant, tensor.data)
        return self._tensors[name]

    def bind(self, name: str, tensor: int) -> None:
        """The graph's tensor is one that the file has already."""
        self._tensors[name] = tensor

    def step(self, op: Op, suffix: str, shape: Shape, quant: Quantization | None, dtype: str = "int8") -> int:
        """A tensor between the operators that `op` becomes."""
        return self.main.tensor(f"{op.outputs[0]}/{suffix}", shape, dtype, quant)

    def emit(self, op: Op, kind: str, inputs: Sequence[int], options: Options | None = None, version: int = 1) -> None:
        """An operator whose result is that of `op`."""
        self.main.op(kind, inputs, [self.value(op.outputs[0])], options, version)

    def input(self, op: Op, position: int = 0) -> Tensor:
        """The graph's tensor at an input."""
        return self.graph.tensors[op.inputs[position]]

    def output(self, op: Op) -> Tensor:
        """The graph's tensor that `op` writes."""
        return self.graph.tensors[op.outputs[0]]

    def bias(self, op: Op) -> int:
        """The bias of a layer, with the scale of its products, which interpreters check."""
        x, weights, bias = (self.graph.tensors[name] for name in op.inputs[:3])
        scales = tuple(float(np.float32(x.quant.scale) * np.float32(s)) for s in weights.quant.scales)
        axis = None if weights.quant.axis is None else 0
        return self.main.tensor(bias.name, bias.shape, "int32", Quantization(scales, 0, axis), bias.data)

    def composite(self, op: Op, body: Callable[[Subgraph, list[int]], int]) -> None:
        """`op` as a composite: an operator of our own name with its attributes, which a runtime that does not know it
        replaces by a subgraph of built-in operators. body(subgraph, inputs) writes that and gives its output.
        """
        inside = self.file.subgraph(f"{COMPOSITE_PREFIX}{op.kind}/{op.name}")
        for name in op.inputs:
            tensor = self.graph.tensors[name]
            quant = tensor.quantization if tensor.dtype == "int8" else None
            inside.inputs.append(inside.tensor(name, tensor.shape, tensor.dtype, quant))
        inside.outputs.append(body(inside, inside.inputs))
        fields = {
            0: f"{COMPOSITE_PREFIX}{op.kind}",
            1: Number("i4", self.file.subgraphs.index(inside)),
            2: Vector(np.frombuffer(flexible_text(json.dumps(op.attributes())), np.uint8)),
            4: Number("i4", 1),
        }
        inputs = [self.value(name) for name in op.inputs]
        self.emit(op, "STABLEHLO_COMPOSITE", inputs, Options(21, fields, newer=True))

    def constant(self, op: Op, position: int) -> Array:
        """The data of a constant input."""
        return op.constant(self.graph, position)

    def refuse(self, op: Op, why: str) -> UserError:
        """The error that `op` cannot be written."""
        return UserError(f"{op.kind} {op.name} cannot be written as .tflite: {why}")


def flexible_text(text: str) -> bytes:
    """A FlexBuffer that holds one string. Source: FlexBuffers in the FlatBuffers documentation."""
    data = text.encode()
    data += bytes(4 - len(data) % 4)
    string, four_bytes = 5, 2
    length = len(text.encode()).to_bytes(4, "little")
    return length + data + len(data).to_bytes(4, "little") + bytes([string << 2 | four_bytes, 4])
