"""Inputs and outputs of a model, and conversions from and to other types that stand there.

A graph takes and gives int8; a QUANTIZE at the input and a DEQUANTIZE or QUANTIZE at the output that convert
from float32 or uint8, or to them, are left to whoever fills the input and reads the output.
"""

from __future__ import annotations

from math import prod

import numpy as np

from mcu_vision.errors import UserError
from mcu_vision.frontends.tflite.builder import (
    MAX_SIZE,
    Activation,
    GraphBuilder,
    check,
    check_activation,
    graph_shape,
    tensor_quantization,
)
from mcu_vision.frontends.tflite.registry import imports
from mcu_vision.frontends.tflite.schema import FileOperator, FileTensor
from mcu_vision.ir import Array, Quantization, Tensor
from mcu_vision.ops import LookupInt16, Requantize
from mcu_vision.ops.common import ALL_VALUES


def bind_inputs(builder: GraphBuilder, operators: list[FileOperator]) -> None:
    """Make the graph's one input, an image (1, H, W, C); a vector becomes an image of one row."""
    model = builder.model
    check(len(model.inputs) == 1, f"of {len(model.inputs)} (one image or vector is needed)")
    source = model.tensors[model.inputs[0]]
    readers = [op for op in operators if source.index in op.inputs]
    targets = [source]
    if source.dtype not in ("int8", "int16"):
        check(source.dtype in ("float32", "uint8"), f"of type {source.dtype}")
        if not readers or any(op.kind != "QUANTIZE" or len(op.outputs) != 1 for op in readers):
            raise UserError(
                f"an input of type {source.dtype} that is not quantised at once is not supported; quantise the model "
                "to int8 (TensorFlow's converter: a representative_dataset and OpsSet.TFLITE_BUILTINS_INT8)"
            )
        targets = [model.tensors[op.outputs[0]] for op in readers]
    for tensor in targets:
        check(tensor.dtype in ("int8", "int16") and tensor.shape == source.shape, f"that becomes {tensor}")
        check(tensor_quantization(tensor) == tensor_quantization(targets[0]), "quantised in several ways")
        _check_same_values(source, tensor)
    check_activation(targets[0])
    shape, quant = graph_shape(source.shape), tensor_quantization(targets[0])
    image = shape if len(shape) == 4 else (1, 1, prod(shape), 1)
    check(max(image) <= MAX_SIZE, f"of shape {list(source.shape)}, which is too large")
    wide = targets[0].dtype == "int16"
    builder.graph.tensors["input"] = Tensor("input", image, "int8", _pixels(quant) if wide else quant)
    builder.graph.inputs = ("input",)
    builder.operator = FileOperator(0, "input", (), (source.index,), None)
    value = Activation("input", image, quant)
    if wide:
        table = _widening(builder.graph.input.quant, quant)
        value = builder.emit(LookupInt16, [value], image, quant, {"table": (table, None)}, "int16")
    value = builder.view(value, source.shape)
    for tensor in targets:
        builder.bind(tensor.index, value)
    if source.index not in (t.index for t in targets):
        builder.bind(source.index, value)


def _pixels(wide: Quantization) -> Quantization:
    """What the pixels of an image mean to a model of int16: 0 to 255 if its input goes beyond 2, else -1 to 1."""
    return Quantization((1.0,), -128) if wide.scale * 32767 > 2 else Quantization((1 / 128,), 0)


def _widening(narrow: Quantization, wide: Quantization) -> Array:
    """The int16 value of each int8 value."""
    real = narrow.scale * (ALL_VALUES.astype(np.float64) - narrow.zero_point)
    return np.asarray(np.clip(np.rint(real / wide.scale), -32768, 32767), np.int16)


def _check_same_values(source: FileTensor, tensor: FileTensor) -> None:
    """A uint8 tensor and its int8 form differ by 128, which is how images are handed over anyway."""
    if source.dtype != "uint8":
        return
    quant = tensor_quantization(tensor)
    check(
        source.scales == quant.scales and source.zero_points == (quant.zero_point + 128,),
        "of type uint8 that changes its scale",
    )


def bind_outputs(builder: GraphBuilder) -> None:
    """Name the graph's outputs, each a tensor of its own."""
    check(bool(builder.model.outputs), "that is not there")
    names: list[str] = []
    for index in builder.model.outputs:
        value = builder.value(index)
        if value.name in ("input", *names):
            inner = graph_shape(value.shape)[1:]
            value = builder.rearrange(value, inner, tuple(range(len(inner))), value.shape)
        names.append(value.name)
    builder.graph.outputs = tuple(names)


@imports(QUANTIZE="kernel between int8 tensors; left out at inputs and outputs")
def import_quantize(builder: GraphBuilder) -> None:
    source, target = builder.file_input(0), builder.model.tensors[builder.operator.outputs[0]]
    if builder.has(target.index):
        return  # at the input, which has become int8
    x = builder.activation()
    check(source.dtype in ("int8", "int16"), f"from {source.dtype}")
    if target.dtype == "uint8":
        check(source.dtype == "int8", f"from {source.dtype} to uint8")
        check(not builder.is_read(target.index), "to uint8 anywhere but at an output")
        check(len(target.scales) == 1 and len(target.zero_points) == 1, "to uint8 of no single scale")
        quant = Quantization(target.scales, target.zero_points[0] - 128)
        check(-128 <= quant.zero_point <= 127, f"to a zero point of {target.zero_points[0]}")
    else:
        check(target.dtype == source.dtype, f"from {source.dtype} to {target.dtype}")
        quant = tensor_quantization(target)
    value = x if x.quant == quant else builder.emit(Requantize, [x], x.shape, quant)
    builder.bind(target.index, value)


@imports(DEQUANTIZE="left out, at an output")
def import_dequantize(builder: GraphBuilder) -> None:
    target = builder.model.tensors[builder.operator.outputs[0]]
    check(target.dtype == "float32" and not builder.is_read(target.index), "anywhere but at an output")
    builder.bind(target.index, builder.activation())
