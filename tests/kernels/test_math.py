"""nn_math.h against its Python twin, over the whole range of its arguments."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from machine import Machine

from mcu_vision.int8 import INT32_MAX, INT32_MIN, multiply_by_quantized_multiplier, output_constants

EDGES = [INT32_MIN, INT32_MIN + 1, -(2**30), -3, -2, -1, 0, 1, 2, 3, 2**30 - 1, 2**30, INT32_MAX]
MULTIPLIERS = [0, 1, 2**30, 2**30 + 1, 2**31 - 2**15, INT32_MAX]
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_requantize_at_the_edges(machine: Machine) -> None:
    grid = np.meshgrid(EDGES, MULTIPLIERS, np.arange(-31, 31), indexing="ij")
    acc, multiplier, shift = (g.reshape(-1).astype(np.int32) for g in grid)
    out = np.zeros_like(acc)
    machine.call("probe_requantize", "nn_copy", {"count": acc.size}, acc, multiplier, shift, out)
    np.testing.assert_array_equal(out, multiply_by_quantized_multiplier(acc, multiplier, shift))


def test_output_rounds_as_the_two_roundings(machine: Machine) -> None:
    """Accumulators about the ties of the second rounding, where one rounding would differ from two."""

    @MANY
    @given(
        multiplier=st.integers(2**30, INT32_MAX) | st.sampled_from([2**30, INT32_MAX]),
        shift=st.integers(-31, 6),
        zero=st.integers(-128, 127),
        middle=st.integers(-130, 130),
    )
    def check(multiplier: int, shift: int, zero: int, middle: int) -> None:
        # acc * multiplier * 2**(shift - 31) = middle + 1/2
        tie = round((2 * middle + 1) * 2.0 ** (30 - shift) / multiplier)
        bound = (2**30 >> max(shift, 0)) - 1
        acc = np.clip(tie + np.arange(-50, 51), -bound, bound).astype(np.int32)
        out = np.zeros(acc.size, np.int8)
        params = {"count": acc.size, "multiplier": multiplier, "shift": shift, "out_zero": zero}
        machine.call("probe_output", "nn_requant", params, acc, out)
        expected = multiply_by_quantized_multiplier(acc, multiplier, shift) + zero
        np.testing.assert_array_equal(out, np.clip(expected, -128, 127))

    check()


def test_scaled_output_rounds_as_the_two_roundings(machine: Machine) -> None:
    """The same for accumulators kept times 2^bits; without ties where the output is clamped at its zero point."""

    @MANY
    @given(
        multiplier=st.integers(2**30, INT32_MAX) | st.sampled_from([2**30, 2**30 + 1, INT32_MAX]),
        bits=st.integers(2, 8),
        data=st.data(),
        zero=st.integers(-128, 127),
        middle=st.integers(-130, 130),
        ties=st.booleans(),
    )
    def check(multiplier: int, bits: int, data: st.DataObject, zero: int, middle: int, ties: bool) -> None:
        shift = data.draw(st.integers(bits - 23, -1))
        tie = round((2 * middle + 1) * 2.0 ** (30 - shift) / multiplier)
        bound = (2**31 >> bits) - 1
        near = np.concatenate([tie + np.arange(-50, 51), [-bound, bound, -1, 0, 1]])
        acc = np.clip(near, -bound, bound).astype(np.int32)
        out = np.zeros(acc.size, np.int8)
        params = {"count": acc.size, "multiplier": multiplier, "shift": shift, "out_zero": zero}
        params |= {"in_zero": bits, "out_min": int(ties)}
        machine.call("probe_output_scaled", "nn_requant", params, acc, out)
        low = -128 if ties else zero
        expected = multiply_by_quantized_multiplier(acc, multiplier, shift) + zero
        np.testing.assert_array_equal(np.maximum(out, low), np.clip(expected, low, 127))
        offset, right = output_constants(np.array([multiplier]), np.array([shift]), zero, bits)
        assert right[0] == bits - 1 - shift
        assert -(2**31) <= offset[0] < 2**31

    check()


def test_clamp(machine: Machine) -> None:
    for low, high in ((-128, 127), (-128, 0), (-5, 7), (3, 127), (127, 127)):
        row = np.arange(-128, 127, dtype=np.int8)
        expected = np.clip(row, low, high)
        params = {"count": row.size, "out_min": low, "out_max": high}
        machine.call("probe_clamp", "nn_requant", params, row)
        np.testing.assert_array_equal(row, expected)
