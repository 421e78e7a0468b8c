"""Additions and requantisations in their short form give the bytes of the exact rule, for all bytes there are."""

from typing import Any

import numpy as np
import pytest
from machine import Machine
from one_op import activation, one_op

from mcu_vision import ops

ALL = np.arange(-128, 128, dtype=np.int8)
PAIRS = [grid.reshape(-1) for grid in np.meshgrid(ALL, ALL, indexing="ij")]
PART = 1 << 14
# Scales and zero points of a, b and the output; exact ratios have ties, which go away from zero. The fifth has no
# short form.
CASES = [
    ((0.1, 0.1, 0.1), (3, 3, -5)),
    ((1.0, 1.0, 2.0), (0, 0, 0)),
    ((1.0, 0.5, 2.0), (-128, 127, 5)),
    ((0.0713, 0.0412, 0.0931), (-4, 11, -128)),
    ((0.02, 0.09, 0.1), (-128, -128, -128)),
    ((2.5, 0.013, 1.9), (0, -77, 12)),
]
RANDOM = np.random.default_rng(5)


def graph(kind: Any, case: Any, **more: Any) -> Any:
    (a, b, out), zeros = case
    shape = (1, 1, 1, PART)
    tensors = [activation("a", shape, zeros[0], a), activation("b", shape, zeros[1], b)]
    return one_op(kind("sum", (), (), **more), tensors, {}, activation("out", (), zeros[2], out))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", [ops.Add, ops.Sub])
def test_all_pairs(machine: Machine, kind: Any, case: Any) -> None:
    one = graph(kind, case, activation="relu6" if case is CASES[-1] else "none")
    op, call = one.ops[0], one.ops[0].kernel(one)
    for first in range(0, len(PAIRS[0]), PART):
        a, b = (array[first : first + PART].copy() for array in PAIRS)
        out = np.zeros_like(a)
        machine.call(call.function, call.struct, call.params, a, b, out)
        np.testing.assert_array_equal(out, op.reference_int8(one, a, b))


def test_most_scales_have_a_short_form() -> None:
    """Where none is found the exact rule is computed, at six times the instructions."""
    found = 0
    for _ in range(60):
        a, b = np.exp2(RANDOM.uniform(-5, 1, 2))
        case = ((float(a), float(b), float(max(a, b) * np.exp2(RANDOM.uniform(-0.5, 1.5)))), (3, -9, 1))
        one = graph(ops.Add, case)
        found += one.ops[0].kernel(one).params["short_sum.a_factor"] != 0
    assert found >= 54


def test_requantizes_all_bytes(machine: Machine) -> None:
    for scale, zeros in (
        (0.5, (0, 0)),
        (1.0, (-3, 9)),
        (0.77, (-128, 127)),
        (1.9, (5, -128)),
        (3e-4, (0, 1)),
        (9.0, (1, 2)),
    ):
        x, out = activation("x", (1, 1, 1, 256), zeros[0], scale), activation("out", (), zeros[1], 1.0)
        one = one_op(ops.Requantize("scale", (), ()), [x], {}, out)
        call, result = one.ops[0].kernel(one), np.zeros(256, np.int8)
        machine.call(call.function, call.struct, call.params, ALL.copy(), result)
        np.testing.assert_array_equal(result, one.ops[0].reference_int8(one, ALL))
