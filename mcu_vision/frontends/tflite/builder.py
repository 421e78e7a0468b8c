"""The graph under construction, and what importers of operators ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from mcu_vision.frontends.tflite.schema import FileModel, FileOperator, FileTensor
from mcu_vision.ir import Array, Graph, Op, Quantization, Shape, Tensor
from mcu_vision.ops import Constant, Lookup, Rearrange

MAX_SIZE = 32767
"""Largest height, width or number of channels: kernels count in int16."""
MAX_ACTIVATION_BYTES = 1 << 24
FUSED_ACTIVATIONS = {0: "none", 1: "relu", 2: "relu_n1_to_1", 3: "relu6"}


class Unsupported(Exception):  # noqa: N818 - becomes a UserError with the operator's place
    """What of an operator is not supported, as words after its name: "with groups"."""


@dataclass(frozen=True)
class Activation:
    """A tensor of the graph. shape: as the file has it, where the graph has a batch of 1 in front."""

    name: str
    shape: Shape
    quant: Quantization


def check(condition: bool, what: str) -> None:
    """Raise Unsupported unless `condition`."""
    if not condition:
        raise Unsupported(what)


def graph_shape(shape: Shape) -> Shape:
    """A file's shape with a batch of 1 in front, unless it has one."""
    return shape if len(shape) > 1 and shape[0] == 1 else (1, *shape)


def tensor_quantization(tensor: FileTensor) -> Quantization:
    """The one scale and zero point of an int8 tensor; Unsupported if it has none or several."""
    check(len(tensor.scales) == 1 and len(tensor.zero_points) <= 1, f"with {tensor}, which has no single scale")
    zero = tensor.zero_points[0] if tensor.zero_points else 0
    low, high = (0, 0) if tensor.dtype == "int16" else (-128, 127)
    check(low <= zero <= high, f"with {tensor}, whose zero point is {zero}")
    return Quantization(tensor.scales, zero)


def fused_activation(operator: FileOperator, field: int) -> str:
    """The activation in an operator's option `field`."""
    number = operator.integer(field, 0, "i1")
    check(number in FUSED_ACTIVATIONS, f"with fused activation {number}")
    return FUSED_ACTIVATIONS[number]


class GraphBuilder:
    """Collects operators and tensors; knows the file's operator at hand."""

    def __init__(self, name: str, model: FileModel) -> None:
        self.graph = Graph(name, {}, [], (), ())
        self.model = model
        self.operator = FileOperator(0, "", (), (), None)
        self.finished: set[int] = set()
        """Operators, by index, that an earlier one has taken in."""
        self._values: dict[int, Activation] = {}

    def dtype(self, value: Activation) -> str:
        """The type of a tensor of the graph."""
        return self.graph.tensors[value.name].dtype

    def has(self, tensor: int) -> bool:
        """True if an operator or the input has given the file's tensor a value."""
        return tensor in self._values

    def value(self, tensor: int) -> Activation:
        """What the file's tensor has become."""
        check(tensor in self._values, f"before anything writes {self.model.tensors[tensor]}")
        return self._values[tensor]

    def names(self) -> dict[int, str]:
        """Names of the graph's tensors by the index of the file's tensor that they are."""
        return {index: value.name for index, value in self._values.items()}

    def is_read(self, tensor: int) -> bool:
        """True if an operator reads the file's tensor."""
        return any(tensor in op.inputs for op in self.model.operators)

    def only_reader(self, tensor: int) -> FileOperator | None:
        """The operator that reads the file's tensor, if that is the only use of it."""
        readers = [op for op in self.model.operators if tensor in op.inputs]
        return readers[0] if len(readers) == 1 and tensor not in self.model.outputs else None

    def bind(self, tensor: int, value: Activation) -> None:
        """The file's tensor is `value` from now on."""
        check(tensor not in self._values, f"writing {self.model.tensors[tensor]} a second time")
        self._values[tensor] = value

    def file_input(self, position: int) -> FileTensor:
        """The file's tensor at an operator's input."""
        inputs = self.operator.inputs
        check(position < len(inputs) and inputs[position] >= 0, f"without input {position}")
        return self.model.tensors[inputs[position]]

    def has_input(self, position: int) -> bool:
        """True if an optional input is there."""
        inputs = self.operator.inputs
        return position < len(inputs) and inputs[position] >= 0

    def result(self, position: int = 0) -> FileTensor:
        """The file's tensor that an operator writes."""
        outputs = self.operator.outputs
        check(position < len(outputs), f"without output {position}")
        tensor = self.model.tensors[outputs[position]]
        check_activation(tensor)
        return tensor

    def constant(self, position: int, dtype: str) -> Array:
        """The data of an operator's constant input."""
        tensor = self.file_input(position)
        check(tensor.data is not None, f"with {tensor} computed at run time (a constant is needed)")
        check(tensor.dtype == dtype, f"with {tensor} of type {tensor.dtype} ({dtype} is needed)")
        assert tensor.data is not None
        return tensor.data

    def indices(self, position: int) -> list[int]:
        """A constant input of int32 or int64 as numbers."""
        tensor = self.file_input(position)
        check(tensor.dtype in ("int32", "int64"), f"with {tensor} of type {tensor.dtype} (int32 is needed)")
        return [int(n) for n in self.constant(position, tensor.dtype).reshape(-1)]

    def is_constant(self, position: int) -> bool:
        """True if an operator's input never changes."""
        return self.file_input(position).data is not None

    def activation(self, position: int = 0) -> Activation:
        """An operator's input; constants become activations."""
        tensor = self.file_input(position)
        if tensor.index not in self._values and tensor.data is not None:
            check_activation(tensor)
            check(tensor.dtype in ("int8", "int16"), f"with {tensor} of type {tensor.dtype} (int8 is needed)")
            data = tensor.data.reshape(graph_shape(tensor.shape))
            self._values[tensor.index] = self.emit(
                Constant, [], tensor.shape, tensor_quantization(tensor), {"values": (data, None)}, tensor.dtype
            )
        return self.value(tensor.index)

    def emit(
        self,
        kind: type[Op],
        inputs: list[Activation],
        shape: Shape,
        quant: Quantization,
        constants: Mapping[str, tuple[Array, Quantization | None]] | None = None,
        dtype: str = "",
        /,
        **attributes: Any,
    ) -> Activation:
        """Append an operator whose result has `shape` as the file would have it, and the type of the first input."""
        dtype = dtype or (self.dtype(inputs[0]) if inputs else "int8")
        name = self._unique(f"{self.operator.kind.lower()}_{self.operator.index}")
        names = [v.name for v in inputs]
        for suffix, (data, quantization) in (constants or {}).items():
            names.append(f"{name}.{suffix}")
            array = np.ascontiguousarray(data)
            self.graph.tensors[names[-1]] = Tensor(names[-1], array.shape, str(array.dtype), quantization, array)
        source = f"operator {self.operator.index}: {self.model.tensors[self.operator.outputs[0]].name}"
        op = kind(name, tuple(names), (name,), source=source, **attributes)
        inferred = op.infer_shape([self.graph.tensors[n] for n in names])
        check(
            prod(inferred) == prod(shape) and len(inferred) >= len(shape) - 1,
            f"whose output is {list(inferred)}, but the file says {list(shape)}",
        )
        self.graph.tensors[name] = Tensor(name, inferred, dtype, quant)
        self.graph.ops.append(op)
        return Activation(name, shape, quant)

    def _unique(self, name: str) -> str:
        candidate, count = name, 1
        while candidate in self.graph.tensors:
            count += 1
            candidate = f"{name}_{count}"
        return candidate

    def table(self, x: Activation, table: Array, shape: Shape, quant: Quantization) -> Activation:
        """A function of one value: table int8 (256), from the result of -128 on."""
        check(self.dtype(x) == "int8", f"of {self.dtype(x)} as a table")
        return self.emit(Lookup, [x], shape, quant, {"table": (table.astype(np.int8), None)})

    def view(self, x: Activation, shape: Shape, quant: Quantization | None = None) -> Activation:
        """The same values in order as another shape; nothing is emitted where that changes nothing."""
        inner = graph_shape(shape)[1:]
        quant = quant or x.quant
        if self.graph.tensors[x.name].shape[1:] == inner and quant == x.quant:
            return Activation(x.name, shape, quant)
        return self.rearrange(x, inner, tuple(range(len(inner))), shape, quant)

    def rearrange(
        self, x: Activation, view: Shape, axes: Shape, shape: Shape, quant: Quantization | None = None
    ) -> Activation:
        """The values of x, seen as `view`, with its axes permuted, as `shape`; view without the batch."""
        inner = graph_shape(shape)[1:]
        return self.emit(Rearrange, [x], shape, quant or x.quant, shape=inner, view=view, axes=axes)

    def finish(self, value: Activation, position: int = 0) -> None:
        """`value` is the operator's output."""
        tensor = self.result(position)
        check(prod(value.shape) == prod(tensor.shape), f"whose output {tensor} is {list(tensor.shape)}")
        self.bind(tensor.index, self.view(value, tensor.shape))


def check_activation(tensor: FileTensor) -> None:
    """Raise Unsupported unless kernels can hold the tensor."""
    known = ("int8", "int16", "int32", "int64")
    check(tensor.dtype in known, f"with {tensor} of type {tensor.dtype} (int8 or int16 is needed)")
    sizes = graph_shape(tensor.shape)[1:]
    large = max(sizes, default=1) > MAX_SIZE and len(sizes) > 1
    check(prod(sizes) > 0, f"with {tensor}, which is empty")
    check(not large and prod(sizes) <= MAX_ACTIVATION_BYTES, f"with {tensor}, which is too large: {list(tensor.shape)}")
