"""Normalisation of vectors and of groups in the reference's integers: 1 / sqrt(value) as a multiplier and a shift."""

from __future__ import annotations

import numpy as np

from mcu_vision.export.onnx.arithmetic import DOUBLE, INT64, Arithmetic
from mcu_vision.export.onnx.writer import LAST, OnnxWriter, exports_exactly
from mcu_vision.ir import Op
from mcu_vision.ops import GroupNorm, L2Normalize
from mcu_vision.ops.group_norm import SHIFTS

_NEWTON_LIMIT = 1 << 29
_HALF_SQRT_2 = 1518500250  # sqrt(2) / 2 in Q31
_MOST_SHIFT = 64


@exports_exactly("l2_normalize")
def export_l2_normalize(writer: OnnxWriter, op: Op) -> None:
    assert isinstance(op, L2Normalize)
    a = Arithmetic(writer, op)
    x = writer.tensor(op)
    values = a.offset()
    squares = writer.add("ReduceSum", [writer.add("Mul", [values, values]), writer.constant([-1])], keepdims=1)
    largest = max(127 - x.quant.zero_point, 128 + x.quant.zero_point)
    multiplier, shift = _inverse_sqrt(a, squares, x.shape[-1] * largest**2)
    a.finish(_scale(a, values, multiplier, a.binary("Add", shift, op.out_bits)), LAST)


def _inverse_sqrt(a: Arithmetic, original: str, bound: int) -> tuple[str, str]:
    """mcu_vision.int8.inverse_sqrt_multiplier of int64 values up to `bound`."""
    v = a.binary("Max", original, 2)
    quarters = a.binary("Mul", v, 0)
    while bound >= _NEWTON_LIMIT:
        large = a.binary("GreaterOrEqual", v, _NEWTON_LIMIT)
        v = a.choose(large, a.binary("Div", v, 4), v)
        quarters, bound = a.binary("Add", quarters, a.cast(large, INT64)), bound // 4
    pairs = a.binary("Sub", a.binary("Div", a.binary("Add", a.binary("Mul", _bits(a, v), -1), 31), 2), 1)
    reverse = a.binary("Sub", a.binary("Add", quarters, 11), pairs)
    v = a.binary("Mul", v, _power(a, a.binary("Mul", pairs, 2)))
    half = a.binary("Div", a.binary("Add", a.binary("Div", v, 2), 1), 2)
    x = a.binary("Add", a.binary("Mul", v, 0), 1 << 28)
    for _ in range(5):
        cube = a.high(a.high(x, x), x)
        cube = a.limit(a.binary("Mul", cube, 1 << 6))
        step = a.binary("Sub", a.high(x, (1 << 28) + (1 << 27)), a.high(half, cube))
        x = a.limit(a.binary("Mul", a.limit(step), 1 << 3))
    multiplier = a.binary("Mul", a.high(x, _HALF_SQRT_2), _power(a, a.binary("Mul", a.binary("Min", reverse, 0), -1)))
    trivial = a.binary("LessOrEqual", original, 1)
    shift = a.binary("Mul", a.binary("Max", reverse, 0), -1)
    return a.choose(trivial, (1 << 31) - 1, multiplier), a.choose(trivial, 0, shift)


@exports_exactly("group_norm")
def export_group_norm(writer: OnnxWriter, op: Op) -> None:
    """Channels last; a group is the last but one of five axes."""
    assert isinstance(op, GroupNorm)
    a = Arithmetic(writer, op)
    scale, offset = (op.constant(writer.graph, i).astype(np.int64) for i in (1, 2))
    _, height, width, channels = writer.output(op).shape
    size = channels // op.groups
    count = height * width * size
    values = writer.reshape(a.offset(), (1, height, width, op.groups, size))
    axes = writer.constant([1, 2, 4])
    sums = writer.add("ReduceSum", [values, axes], keepdims=1)
    squares = writer.add("ReduceSum", [writer.add("Mul", [values, values]), axes], keepdims=1)
    spread = a.binary("Sub", a.binary("Mul", squares, count), writer.add("Mul", [sums, sums]))
    inverse, doublings = _long_inverse_sqrt(a, a.binary("Add", spread, op._epsilon(writer.graph)))
    grouped = (1, 1, 1, op.groups, size)
    multiplier = a.high(inverse, scale[:, 0].reshape(grouped))
    shift = a.binary("Add", doublings, scale[:, 1].reshape(grouped))
    multiplier = a.choose(a.binary("Less", shift, SHIFTS[0]), 0, multiplier)
    centred = a.binary("Sub", a.binary("Mul", values, count), sums)
    shift = a.binary("Min", a.binary("Max", shift, SHIFTS[0]), SHIFTS[1])
    scaled = writer.reshape(_scale(a, centred, multiplier, shift), writer.output(op).shape)
    a.finish(a.binary("Add", scaled, offset, "float64"))


def _long_inverse_sqrt(a: Arithmetic, value: str) -> tuple[str, str]:
    """1 / sqrt of int64 values below 2**62, as ops.group_norm has it: (2**61 - 1) / isqrt(value * 4**d), d - 30."""
    doublings = a.binary("Div", a.binary("Add", a.binary("Mul", _bits(a, value, 62), -1), 62), 2)
    wide = a.binary("Mul", value, _power(a, a.binary("Mul", doublings, 2)))
    near = a.cast(a.writer.add("Sqrt", [a.cast(wide, DOUBLE)]), INT64)
    above = a.cast(a.writer.add("Greater", [a.binary("Mul", near, near), wide]), INT64)
    near = a.binary("Sub", near, above)
    after = a.binary("Add", near, 1)
    below = a.cast(a.writer.add("LessOrEqual", [a.binary("Mul", after, after), wide]), INT64)
    root = a.binary("Add", near, below)
    dividend = a.binary("Add", a.binary("Mul", root, 0), (1 << 61) - 1)
    return a.binary("Div", dividend, root), a.binary("Sub", doublings, 30)


def _bits(a: Arithmetic, value: str, most: int = 31) -> str:
    """The bit length of positive int64 values: how many powers of two they reach."""
    writer = a.writer
    spread = writer.add("Unsqueeze", [value, writer.constant([-1])])
    reached = a.cast(a.binary("GreaterOrEqual", spread, 2 ** np.arange(most, dtype=np.int64)), INT64)
    return writer.add("ReduceSum", [reached, writer.constant([-1])], keepdims=0)


def _power(a: Arithmetic, exponent: str) -> str:
    """2**exponent of int64 exponents from 0 to 62."""
    return a.writer.add("Gather", [a.writer.constant(2 ** np.arange(63, dtype=np.int64)), exponent])


def _scale(a: Arithmetic, value: str, multiplier: str, shift: str) -> str:
    """mcu_vision.int8.multiply_by_quantized_multiplier of tensors, as float64."""
    shifted = a.binary("Mul", value, _power(a, a.binary("Max", shift, 0)))
    wrapped = a.binary("Sub", a.binary("Mod", a.binary("Add", shifted, 1 << 31), 1 << 32), 1 << 31)
    product = a.high(wrapped, multiplier)
    powers = a.writer.constant(2.0 ** -np.arange(_MOST_SHIFT), "float64")
    right = a.writer.add("Gather", [powers, a.binary("Mul", a.binary("Min", shift, 0), -1)])
    return a.away(a.writer.add("Mul", [a.cast(product, DOUBLE), right]))
