"""A graph on its way into an ONNX model: exactly, or in the QDQ form that runtimes fuse.

Both have int8 between operators, and DequantizeLinear and QuantizeLinear around each: of scale 1, with the reference's
integers inside, or of the tensors' scales, with real numbers inside. Maps of images have their channels first inside,
as ONNX wants them; inputs and outputs keep channels last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from mcu_vision.errors import UserError
from mcu_vision.ir import Array, Graph, Op, Quantization, Shape, Tensor

Exporter = Callable[["OnnxWriter", Op], None]
EXPORTERS: dict[str, Exporter] = {}
"""Which function writes which kind of operator in QDQ form, or without any arithmetic."""
EXACT: dict[str, Exporter] = {}
"""The same in the reference's integers."""
OPSET = 17
LAST, FIRST = "nhwc", "nchw"
_TO_FIRST, _TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
_TYPES = {"int8": TensorProto.INT8, "int32": TensorProto.INT32}
_LIMITS = {"relu6": (0.0, 6.0), "relu_n1_to_1": (-1.0, 1.0)}


def exports(*kinds: str) -> Callable[[Exporter], Exporter]:
    """The decorated function writes operators of these kinds."""

    def register(exporter: Exporter) -> Exporter:
        EXPORTERS.update(dict.fromkeys(kinds, exporter))
        return exporter

    return register


def exports_exactly(*kinds: str) -> Callable[[Exporter], Exporter]:
    """The decorated function writes operators of these kinds where every byte must be right."""

    def register(exporter: Exporter) -> Exporter:
        EXACT.update(dict.fromkeys(kinds, exporter))
        return exporter

    return register


class OnnxWriter:
    """Nodes and constants of the model. notes: what a user should know of the file."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.notes: list[str] = []
        self._quantized: dict[tuple[str, str], str] = {}
        self._real: dict[tuple[str, str], str] = {}
        self._count = 0
        for name in graph.inputs:
            self._quantized[name, LAST] = name

    def add(self, kind: str, inputs: Sequence[str], output: str | None = None, **attributes: Any) -> str:
        """A node of one output; its name."""
        self._count += 1
        out = output or f"{kind}_{self._count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], name=f"{kind}_{self._count}", **attributes))
        return out

    def constant(self, values: Any, dtype: str = "int64") -> str:
        """A constant's name."""
        self._count += 1
        name = f"constant_{self._count}"
        self.constants.append(numpy_helper.from_array(np.array(values, dtype, order="C"), name))
        return name

    def tensor(self, op: Op, position: int = 0) -> Tensor:
        """The graph's tensor at an input."""
        return self.graph.tensors[op.inputs[position]]

    def output(self, op: Op) -> Tensor:
        """The graph's tensor that `op` writes."""
        return self.graph.tensors[op.outputs[0]]

    def quantized(self, name: str, layout: str = LAST) -> str:
        """The integers of an activation with its channels where `layout` says; tensors of other ranks have one."""
        layout = layout if len(self.graph.tensors[name].shape) == 4 else LAST
        if (name, layout) not in self._quantized:
            other = LAST if layout == FIRST else FIRST
            order = _TO_FIRST if layout == FIRST else _TO_LAST
            self._quantized[name, layout] = self.add("Transpose", [self._quantized[name, other]], perm=order)
        return self._quantized[name, layout]

    def real(self, name: str, layout: str = LAST) -> str:
        """An activation in float."""
        layout = layout if len(self.graph.tensors[name].shape) == 4 else LAST
        if (name, layout) not in self._real:
            quant = self.graph.tensors[name].quant
            self._real[name, layout] = self.dequantize(self.quantized(name, layout), quant)
        return self._real[name, layout]

    def dequantize(self, value: str, quant: Quantization, axis: int | None = None, dtype: str = "int8") -> str:
        """DequantizeLinear; with one scale for each slice along `axis`, if it has several."""
        if len(quant.scales) > 1:
            zeros = self.constant(np.full(len(quant.scales), quant.zero_point), dtype)
            return self.add("DequantizeLinear", [value, self.constant(quant.scales, "float32"), zeros], axis=axis)
        scale, zero = self.constant(np.float32(quant.scale), "float32"), self.constant(quant.zero_point, dtype)
        return self.add("DequantizeLinear", [value, scale, zero])

    def quantize(self, value: str, quant: Quantization) -> str:
        """QuantizeLinear to int8."""
        scale, zero = self.constant(np.float32(quant.scale), "float32"), self.constant(quant.zero_point, "int8")
        return self.add("QuantizeLinear", [value, scale, zero])

    def finish(self, op: Op, value: str, layout: str = LAST) -> None:
        """`op` gives the float `value`, after its activation."""
        quant = self.output(op).quant
        activated = self._activate(value, getattr(op, "activation", "none"))
        self.bind(op, self.quantize(activated, quant), layout)

    def bind(self, op: Op, value: str, layout: str = LAST) -> None:
        """`op` gives these integers."""
        layout = layout if len(self.output(op).shape) == 4 else LAST
        self._quantized[op.outputs[0], layout] = value

    def _activate(self, value: str, activation: str) -> str:
        if activation == "relu":
            return self.add("Relu", [value])
        if activation in _LIMITS:
            return self.add("Clip", [value, *(self.constant(np.float32(n), "float32") for n in _LIMITS[activation])])
        return value

    def reshape(self, value: str, shape: Shape) -> str:
        """The same values in order."""
        return self.add("Reshape", [value, self.constant(shape)])

    def weights(self, op: Op, data: Array, axis: int) -> str:
        """A layer's weights in float, from int8 constants; axis: of the output channels in `data`."""
        quant = self.tensor(op, 1).quant
        return self.dequantize(self.constant(data, "int8"), quant, axis)

    def bias(self, op: Op) -> str:
        """A layer's bias in float, from int32 constants of the products' scale."""
        source, kernel = self.tensor(op).quant, self.tensor(op, 1).quant
        scales = tuple(float(np.float32(source.scale) * np.float32(s)) for s in kernel.scales)
        data = self.constant(op.constant(self.graph, 2), "int32")
        return self.dequantize(data, Quantization(scales, 0), 0, "int32")

    def describe(self, name: str) -> ValueInfoProto:
        """An input or output of the model."""
        tensor = self.graph.tensors[name]
        return helper.make_tensor_value_info(name, _TYPES[tensor.dtype], list(tensor.shape))

    def name_output(self, name: str) -> None:
        """The activation becomes an output of the model, channels last."""
        self.add("Identity", [self.quantized(name)], name)

    def refuse(self, op: Op, why: str) -> UserError:
        """The error that `op` cannot be written."""
        return UserError(f"{op.kind} {op.name} cannot be written as ONNX: {why}")
