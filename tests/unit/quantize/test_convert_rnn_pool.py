"""RNNPool's formats: no overflow for any input, and as fine as that allows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_vision.errors import UserError
from mcu_vision.ir import Graph, Quantization, Tensor
from mcu_vision.ops.rnn_pool import ONE, STATE_BITS, RnnPool
from mcu_vision.quantize.convert_rnn_pool import INT32_LIMIT, convert_rnn_pool

NAMES = ("w1", "u1", "bias_z1", "bias_h1", "w2", "u2", "bias_z2", "bias_h2")
SHAPES = ((8, 4), (8, 8), (8,), (8,), (6, 8), (6, 6), (6,), (6,))


def converted(seed: int, spreads: tuple[float, float, float], scale: float = 0.0235, **options: object) -> Graph:
    random = np.random.default_rng(seed)
    image = Tensor("x", (1, 16, 16, 4), "int8", Quantization((scale,), -128))
    tensors = {"x": image}
    for name, shape in zip(NAMES, SHAPES, strict=True):
        spread = spreads[("w", "u", "b").index(name[0])]
        tensors[name] = Tensor(name, shape, data=random.normal(0, spread, shape).astype(np.float32))
    op = RnnPool("pool", ("x", *NAMES), ("out",), **options)  # type: ignore[arg-type]
    tensors["out"] = Tensor("out", (1, 3, 3, 24), "int8", Quantization((1 / 128,), 0))
    graph = Graph("g", tensors, [op], ("x",), ("out",))
    convert_rnn_pool(graph, op)
    graph.verify()
    return graph


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.01, 0.5, 5.0]),
    st.sampled_from([0.01, 0.5, 3.0]),
    st.booleans(),
)
def test_sums_fit_and_another_bit_would_not(seed: int, w_spread: float, u_spread: float, smooth: bool) -> None:
    graph = converted(seed, (w_spread, u_spread, 0.5), smooth=smooth)
    op = graph.ops[0]
    assert isinstance(op, RnnPool)
    for index, input_limit in ((1, 255), (2, ONE)):
        form = op.formats[index - 1]
        assert 5 <= form.pre_bits <= 13
        cases = (
            (f"w{index}", input_limit, form.w_bits - form.pre_bits),
            (f"u{index}", ONE, form.u_bits + STATE_BITS - form.pre_bits),
        )
        for name, limit, shift in cases:
            data = graph.tensors[name].data
            assert data is not None
            assert data.dtype == np.int16
            sums = np.abs(data.astype(np.int64)).sum(1) * limit + (1 << max(shift - 1, 0))
            assert sums.max() <= INT32_LIMIT
            finest = np.abs(data).max() > 32767 // 2 - 1 or sums.max() * 2 > INT32_LIMIT - 2**22
            assert finest or shift == 16


def test_saturated_products_saturate_the_gates() -> None:
    graph = converted(1, (0.5, 0.4, 0.5))
    op = graph.ops[0]
    assert isinstance(op, RnnPool)
    for index in (1, 2):
        form = op.formats[index - 1]
        u, bias_z, bias_h = (graph.tensors[f"{n}{index}"].data for n in ("u", "bias_z", "bias_h"))
        assert u is not None
        assert bias_z is not None
        assert bias_h is not None
        recurrent = np.abs(u).sum(1) / 2.0**form.u_bits
        bias = np.maximum(np.abs(bias_z), np.abs(bias_h)) / 2.0**form.pre_bits
        assert (32767 / 2.0**form.pre_bits - recurrent - bias).min() >= 0.99


def test_constants_are_the_rounded_weights() -> None:
    floats = np.random.default_rng(5).normal(0, 0.5, (8, 4)).astype(np.float32)
    graph = converted(5, (0.5, 0.5, 0.5))
    op = graph.ops[0]
    assert isinstance(op, RnnPool)
    data = graph.tensors["w1"].data
    assert data is not None
    np.testing.assert_allclose(data / 2.0 ** op.formats[0].w_bits / 0.0235, floats, atol=2e-4)


def test_gates_and_weights_that_do_not_fit() -> None:
    graph = converted(0, (0.5, 0.5, 0.5), zeta=(0.75, 1.0), nu=(0.25, 0.0))
    op = graph.ops[0]
    assert isinstance(op, RnnPool)
    assert (op.formats[0].zeta, op.formats[0].nu, op.formats[1].zeta) == (12288, 4096, 16384)
    with pytest.raises(UserError, match=r"zeta is 2\.5"):
        converted(0, (0.5, 0.5, 0.5), zeta=(2.5, 1.0))
    with pytest.raises(UserError, match=r"nu is -0\.1"):
        converted(0, (0.5, 0.5, 0.5), nu=(0.0, -0.1))
    with pytest.raises(UserError, match="train with decay"):
        converted(0, (0.5, 1e4, 0.5))


def test_weights_of_zero_have_a_format() -> None:
    graph = converted(0, (0.0, 0.0, 0.0))
    assert all(not graph.tensors[name].data.any() for name in NAMES)  # type: ignore[union-attr]
