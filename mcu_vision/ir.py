"""The graph that every stage reads: tensors, operators, and the rules they must keep.

Activations are NHWC with a batch of 1; a *row* is one y of a rank-4 tensor, and a tensor of any
other rank is one row. Operators are dataclasses derived from `Op`, one file each in `mcu_vision.ops`.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from math import prod
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mcu_vision.errors import UserError

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
DTYPES = {"float32": 4, "int8": 1, "int16": 2, "int32": 4}


@dataclass(frozen=True)
class Quantization:
    """Affine quantisation real = scale * (q - zero_point).

    scales: float32, one for the tensor, or one for each slice along `axis`. zero_point: 0 if per channel.
    """

    scales: tuple[float, ...]
    zero_point: int = 0
    axis: int | None = None

    @property
    def scale(self) -> float:
        """The scale of a per-tensor quantisation."""
        if len(self.scales) != 1:
            raise ValueError("a per-channel quantisation has no single scale")
        return self.scales[0]


@dataclass
class Tensor:
    """A named array: an activation, or a constant if `data` is given."""

    name: str
    shape: Shape
    dtype: str = "float32"
    quantization: Quantization | None = None
    data: Array | None = None

    @property
    def rows(self) -> int:
        """Number of rows (H of a rank-4 tensor, else 1)."""
        return self.shape[1] if len(self.shape) == 4 else 1

    @property
    def row_elements(self) -> int:
        """Elements in one row."""
        return prod(self.shape) // self.rows

    @property
    def item_bytes(self) -> int:
        """Bytes of a value."""
        return DTYPES[self.dtype]

    @property
    def row_bytes(self) -> int:
        """Bytes in one row."""
        return self.row_elements * DTYPES[self.dtype]

    @property
    def size_bytes(self) -> int:
        """Bytes in the whole tensor."""
        return self.rows * self.row_bytes

    @property
    def quant(self) -> Quantization:
        """The quantisation, which a quantised graph must have."""
        if self.quantization is None:
            raise ValueError(f"tensor {self.name} is not quantised")
        return self.quantization


@dataclass(frozen=True)
class RowWindow:
    """Rows of an input that one step needs: [step*stride + offset, + size), clipped to the tensor.

    With `dilation` d only every d-th row of the window is read; size counts the rows spanned. The first step
    also reads the `lead` rows before its window, for operators that keep what they have seen.
    """

    stride: int = 1
    offset: int = 0
    size: int = 1
    dilation: int = 1
    lead: int = 0

    def span(self, step: int, rows: int) -> tuple[int, int]:
        """First and one past the last existing row that `step` reads."""
        first = step * self.stride + self.offset
        lead = 0 if step else self.lead
        return max(0, min(first - lead, rows)), max(0, min(first + self.size, rows))

    def rows(self, step: int, rows: int) -> range:
        """The existing rows that `step` reads: of those that a dilated window spans only every n-th."""
        first, last = self.span(step, rows)
        skipped = (step * self.stride + self.offset - first) % self.dilation
        return range(first + skipped, last, self.dilation)


@dataclass(frozen=True)
class KernelCall:
    """How generated C runs one step of an operator.

    function: kernel in firmware/nn, also its file name. struct: its parameter type; `params` its
    fields: integers, or constant arrays that are emitted beside it. `arguments`: how row pointers are
    passed, a list of "rows" (pointer array), "row" (one pointer), "whole" (first row), in order of the
    activation inputs. `scratch_bytes` is needed during a step, `state_bytes` from the first to the last; state
    is passed if it has bytes, or as NULL with `passes_state`. The output is passed as a pointer to the step's row or,
    if `output_rows` is above 1, as so many pointers to the rows that the step writes, NULL for rows that are not there.
    With `moves_bytes` it is passed as bytes, of whatever type its values are.
    """

    function: str
    struct: str
    params: dict[str, int | Array]
    arguments: tuple[str, ...]
    scratch_bytes: int = 0
    state_bytes: int = 0
    passes_step: bool = False
    passes_state: bool = False
    output_rows: int = 1
    moves_bytes: bool = False


@dataclass
class Op(ABC):
    """An operator: names of its tensors and its meaning. Constants follow the activations in `inputs`."""

    kind: ClassVar[str]
    registry: ClassVar[dict[str, type[Op]]] = {}

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    source: str = field(default="", kw_only=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "kind" in cls.__dict__:
            Op.registry[cls.kind] = cls

    @abstractmethod
    def infer_shape(self, inputs: list[Tensor]) -> Shape:
        """Shape of the output; raises UserError if the inputs do not fit."""

    def macs(self, graph: Graph) -> int:
        """Multiply-accumulates of one inference; none unless an operator says so."""
        return 0

    @abstractmethod
    def reference_float(self, *arrays: Array) -> Array:
        """The meaning in float32; arrays in the order of `inputs`, a batch of any size in front."""

    @abstractmethod
    def reference_int8(self, graph: Graph, *arrays: Array) -> Array:
        """The meaning in integers: the bytes that every execution must produce."""

    @abstractmethod
    def kernel(self, graph: Graph) -> KernelCall:
        """The C kernel of a quantised operator, with its constants packed."""

    accumulates: ClassVar[bool] = False
    """True if each step takes in one input row, and the output, one row, is complete only after the last."""

    def steps(self, graph: Graph) -> int:
        """Steps that produce the output: one for each output row, or input row if it accumulates."""
        return graph.tensors[self.inputs[0] if self.accumulates else self.outputs[0]].rows

    def windows(self, graph: Graph) -> list[RowWindow | None]:
        """Rows that a step reads of each activation input; None means all rows."""
        return [RowWindow() for _ in self.activations(graph)]

    def rows_written(self, graph: Graph, step: int) -> tuple[int, int]:
        """Rows of the output complete after `step`: [first, last)."""
        if self.accumulates:
            return 0, int(step == self.steps(graph) - 1)
        return step, step + 1

    def row_copied(self, graph: Graph, step: int) -> int | None:
        """Row of its own output that `step`, one of the last, copies instead of calling the kernel: the one before."""
        return None

    def in_place_inputs(self, graph: Graph) -> tuple[str, ...]:
        """Inputs whose row the kernel may overwrite with the same row of the output."""
        return ()

    def activations(self, graph: Graph) -> list[Tensor]:
        """The inputs that are not constants."""
        return [graph.tensors[name] for name in self.inputs if graph.tensors[name].data is None]

    def constant(self, graph: Graph, index: int) -> Array:
        """The data of the constant input at `index` of `inputs`."""
        data = graph.tensors[self.inputs[index]].data
        if data is None:
            raise ValueError(f"input {index} of {self.name} is not a constant")
        return data

    def attributes(self) -> dict[str, Any]:
        """The operator's own fields, for saving."""
        common = {"name", "inputs", "outputs", "source"}
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in common}


@dataclass
class Graph:
    """Operators in execution order over named tensors.

    metadata: JSON values for the other stages, e.g. "task" ("detect" or "classify"), "labels", "preserve_input".
    """

    name: str
    tensors: dict[str, Tensor]
    ops: list[Op]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def input(self) -> Tensor:
        """The one image that goes in."""
        return self.tensors[self.inputs[0]]

    @property
    def quantized(self) -> bool:
        """True if the input is int8."""
        return self.input.dtype == "int8"

    @property
    def kept(self) -> set[str]:
        """What must be whole when an inference ends: the outputs, and the image if it is to survive."""
        return {*self.outputs, *(self.inputs if self.metadata.get("preserve_input") else ())}

    def producer(self, tensor: str) -> Op | None:
        """The operator that writes `tensor`, or None for inputs and constants."""
        return next((op for op in self.ops if tensor in op.outputs), None)

    def consumers(self, tensor: str) -> list[Op]:
        """The operators that read `tensor`."""
        return [op for op in self.ops if tensor in op.inputs]

    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(op.macs(self) for op in self.ops)

    def verify(self) -> None:
        """Raise UserError if a name, an order or a shape is wrong."""
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", self.name, re.ASCII):
            raise UserError(f"a model cannot be named {self.name!r}: use letters, digits, '.', '_' and '-'")
        known = set(self.inputs) | {t.name for t in self.tensors.values() if t.data is not None}
        for name, tensor in self.tensors.items():
            if name != tensor.name:
                raise UserError(f"graph {self.name}: tensor {tensor.name} is filed as {name}")
        for op in self.ops:
            self._verify_op(op, known)
            known |= set(op.outputs)
        for name in self.outputs:
            if name not in known:
                raise UserError(f"graph {self.name}: output {name} is never written")

    def _verify_op(self, op: Op, known: set[str]) -> None:
        where = f"graph {self.name}: {op.kind} {op.name}"
        for name in op.inputs:
            if name not in known:
                raise UserError(f"{where} reads {name} before it is written")
        for name in op.outputs:
            if name not in self.tensors or name in known:
                raise UserError(f"{where} writes {name}, which is unknown or already written")
        shape = op.infer_shape([self.tensors[name] for name in op.inputs])
        out = self.tensors[op.outputs[0]]
        if shape != out.shape:
            raise UserError(f"{where} gives shape {shape}, but {out.name} is {out.shape}")

    def __str__(self) -> str:
        lines = [f"graph {self.name}: {len(self.ops)} operators, {self.macs():,} MACs"]
        for op in self.ops:
            shapes = ", ".join(f"{t.name}{list(t.shape)}" for t in op.activations(self))
            out = self.tensors[op.outputs[0]]
            attributes = json.dumps(op.attributes(), default=str)
            lines.append(f"  {op.name}: {op.kind}({shapes}) -> {out.name}{list(out.shape)} {attributes}")
        return "\n".join(lines)


def to_int(array: Array) -> npt.NDArray[np.int64]:
    """Widen to int64, in which all integer references compute."""
    return array.astype(np.int64)
