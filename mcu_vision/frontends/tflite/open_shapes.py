"""Shapes that a file leaves open, computed from those before them, with a batch of 1.

A converter that was given an open batch size leaves sizes open where the network reshapes: they come from operators
that compute with shapes as the model runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from mcu_vision.frontends.tflite.flatbuffer import Malformed
from mcu_vision.ir import Shape

if TYPE_CHECKING:
    from mcu_vision.frontends.tflite.schema import FileModel, FileOperator

OPEN = -1
_SAME_PADDING = 0
_LIKE_INPUTS = """
ABS ADD ELU EXP GELU HARD_SWISH LEAKY_RELU LOG LOGISTIC LOG_SOFTMAX MAXIMUM MINIMUM MUL NEG PRELU QUANTIZE DEQUANTIZE
RELU RELU6 RELU_N1_TO_1 RSQRT SOFTMAX SQRT SQUARED_DIFFERENCE SUB TANH
"""
"""Operators whose result has the shape of their inputs, broadcast."""


def close_shapes(model: FileModel) -> FileModel:
    """The same with all sizes known. Raises Malformed where one is not."""
    if all(OPEN not in tensor.shape for tensor in model.tensors):
        return model
    closing = _Closing(model)
    for operator in model.operators:
        for note in (closing.note_values, closing.note_shape):
            with suppress(IndexError, ValueError, ZeroDivisionError, OverflowError):  # what stays open is refused below
                note(operator)
    closing.check()
    tensors = [replace(t, shape=s) for t, s in zip(model.tensors, closing.shapes, strict=True)]
    return replace(model, tensors=tensors)


class _Closing:
    """shapes: of the tensors by index, as far as known. values: of tensors that hold sizes."""

    def __init__(self, model: FileModel) -> None:
        self.model = model
        self.shapes: list[Shape] = [tensor.shape for tensor in model.tensors]
        self.values: dict[int, list[int]] = {}

    def check(self) -> None:
        """Raise Malformed where a size is still open."""
        for index, shape in enumerate(self.shapes):
            if OPEN in shape:
                raise Malformed(
                    f"has a tensor {index} whose shape {shape} is not known before it runs; fix the input's shape"
                )

    def note_values(self, operator: FileOperator) -> None:
        """The sizes that an operator gives."""
        if operator.kind in _VALUES:
            self.values[operator.outputs[0]] = _VALUES[operator.kind](self, operator)

    def note_shape(self, operator: FileOperator) -> None:
        """The shape of what an operator gives."""
        out = operator.outputs[0]
        rule = _SHAPES.get(operator.kind) or (_like_inputs if operator.kind in _LIKE_INPUTS.split() else None)
        if rule is not None and all(OPEN not in self.shapes[i] for i in operator.inputs if i >= 0):
            shape = tuple(int(n) for n in rule(self, operator))
            if min(shape, default=1) > 0 and self._fits(shape, out):
                self.shapes[out] = shape

    def _fits(self, shape: Shape, tensor: int) -> bool:
        """Whether a shape differs from what the file says only in what that leaves open, the batch included."""
        said = self.model.tensors[tensor].shape
        pairs = list(zip(shape, said, strict=False))
        return len(shape) == len(said) and all(a == b or b == OPEN or i == 0 for i, (a, b) in enumerate(pairs))

    def shape(self, operator: FileOperator, position: int = 0) -> Shape:
        """Of an input."""
        return self.shapes[operator.inputs[position]]

    def numbers(self, operator: FileOperator, position: int) -> list[int]:
        """What an input holds, a constant or computed of shapes."""
        index = operator.inputs[position]
        data = self.model.tensors[index].data
        if data is None:
            return self.values[index] if index in self.values else _unknown()
        if data.dtype not in (np.int32, np.int64) or data.size > 64:
            return _unknown()
        return [int(n) for n in data.reshape(-1)]


def _unknown() -> list[int]:
    raise ValueError("not known")


def _shape_values(c: _Closing, op: FileOperator) -> list[int]:
    shape = c.shape(op)
    return list(shape) if OPEN not in shape else _unknown()


def _slice_values(c: _Closing, op: FileOperator) -> list[int]:
    vector = c.numbers(op, 0)
    (begin,), (end,), (step,) = (c.numbers(op, i) for i in (1, 2, 3))
    if op.integer(4):  # one element
        return [vector[begin]]
    return vector[None if op.integer(0) else begin : None if op.integer(1) else end : step]


def _gathered_values(c: _Closing, op: FileOperator) -> list[int]:
    vector = c.numbers(op, 0)
    return [vector[i] for i in c.numbers(op, 1)]


def _all_values(c: _Closing, op: FileOperator) -> list[int]:
    return [n for position in range(len(op.inputs)) for n in c.numbers(op, position)]


def _product_values(c: _Closing, op: FileOperator) -> list[int]:
    a, b = c.numbers(op, 0), c.numbers(op, 1)
    return [int(n) for n in np.multiply(a, b)]


_VALUES: dict[str, Callable[[_Closing, FileOperator], list[int]]] = {
    "SHAPE": _shape_values,
    "STRIDED_SLICE": _slice_values,
    "GATHER": _gathered_values,
    "CONCATENATION": _all_values,
    "PACK": _all_values,
    "REDUCE_PROD": lambda c, op: [prod(c.numbers(op, 0))],
    "MUL": _product_values,
}


def _like_inputs(c: _Closing, op: FileOperator) -> Sequence[int]:
    return np.broadcast_shapes(*(c.shape(op, i) for i in range(len(op.inputs))))


def _reshape(c: _Closing, op: FileOperator) -> Sequence[int]:
    sizes, count = c.numbers(op, 1), prod(c.shape(op))
    return [count // -prod(sizes) if n == -1 else n for n in sizes]


def _expand(c: _Closing, op: FileOperator) -> Sequence[int]:
    shape, (axis,) = list(c.shape(op)), c.numbers(op, 1)
    shape.insert(axis if axis >= 0 else axis + len(shape) + 1, 1)
    return shape


def _pad(c: _Closing, op: FileOperator) -> Sequence[int]:
    edges = c.numbers(op, 1)
    return [n + a + b for n, a, b in zip(c.shape(op), edges[::2], edges[1::2], strict=True)]


def _concatenation(c: _Closing, op: FileOperator) -> Sequence[int]:
    shape, axis = list(c.shape(op)), op.integer(0)
    shape[axis] = sum(c.shape(op, i)[axis] for i in range(len(op.inputs)))
    return shape


def _dense(c: _Closing, op: FileOperator) -> Sequence[int]:
    x, (units, depth) = c.shape(op), c.shape(op, 1)
    return (*x[:-1], units) if op.boolean(2) else (prod(x) // depth, units)


def _window(op: FileOperator, x: Shape, kernel: Shape, dilation: Shape) -> Shape:
    """Rows and columns behind a sliding window."""
    steps = (op.integer(2), op.integer(1))
    covered = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)]
    same = op.integer(0, 0, "i1") == _SAME_PADDING
    sizes = [-(-(n - (0 if same else c)) // s) for n, c, s in zip(x[1:3], covered, steps, strict=True)]
    return (sizes[0], sizes[1])


def _conv(c: _Closing, op: FileOperator) -> Sequence[int]:
    x, (units, *kernel, _) = c.shape(op), c.shape(op, 1)
    return (1, *_window(op, x, tuple(kernel), (op.integer(5, 1), op.integer(4, 1))), units)


def _depthwise(c: _Closing, op: FileOperator) -> Sequence[int]:
    x, (_, *kernel, channels) = c.shape(op), c.shape(op, 1)
    return (1, *_window(op, x, tuple(kernel), (op.integer(6, 1), op.integer(5, 1))), channels)


def _pool(c: _Closing, op: FileOperator) -> Sequence[int]:
    x = c.shape(op)
    return (1, *_window(op, x, (op.integer(4), op.integer(3)), (1, 1)), x[3])


_SHAPES: dict[str, Callable[[_Closing, FileOperator], Sequence[int]]] = {
    "RESHAPE": _reshape,
    "EXPAND_DIMS": _expand,
    "TILE": lambda c, op: [n * k for n, k in zip(c.shape(op), c.numbers(op, 1), strict=True)],
    "TRANSPOSE": lambda c, op: [c.shape(op)[axis] for axis in c.numbers(op, 1)],
    "PAD": _pad,
    "PADV2": _pad,
    "MIRROR_PAD": _pad,
    "RESIZE_BILINEAR": lambda c, op: (1, *c.numbers(op, 1), c.shape(op)[3]),
    "RESIZE_NEAREST_NEIGHBOR": lambda c, op: (1, *c.numbers(op, 1), c.shape(op)[3]),
    "CONCATENATION": _concatenation,
    "FULLY_CONNECTED": _dense,
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "AVERAGE_POOL_2D": _pool,
    "MAX_POOL_2D": _pool,
}
