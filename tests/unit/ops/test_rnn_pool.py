"""RNNPool: patch by patch as the paper's Algorithm 1 has it, and integers against float."""

from itertools import pairwise

import numpy as np
import pytest
from graphs import GraphBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_vision.ir import Array, Graph, Tensor
from mcu_vision.ops.rnn_pool import ONE, Cell, RnnPool, gate_table, interpolate
from mcu_vision.quantize import quantize_graph
from mcu_vision.reference import quantize_input, run_graph

NAMES = ("w1", "u1", "bias_z1", "bias_h1", "w2", "u2", "bias_z2", "bias_h2")


def float_pool(seed: int, spread: float = 0.5, **attributes: object) -> Graph:
    random = np.random.default_rng(seed)
    shapes = [(6, 3), (6, 6), (6,), (6,), (5, 6), (5, 5), (5,), (5,)]
    tensors = {"image": Tensor("image", (1, 15, 17, 3))}
    for name, shape in zip(NAMES, shapes, strict=True):
        data = random.normal(0, spread, shape).astype(np.float32)
        tensors[name] = Tensor(name, shape, data=data)
    options = {"patch": (6, 5), "stride": 3} | attributes
    op = RnnPool("pool", ("image", *NAMES), ("out",), **options)  # type: ignore[arg-type]
    tensors["out"] = Tensor("out", op.infer_shape([tensors[n] for n in op.inputs]))
    return Graph("pool", tensors, [op], ("image",), ("out",))


def cells(graph: Graph) -> list[Cell]:
    arrays = [graph.tensors[n].data for n in NAMES]
    return [Cell(*arrays[:4]), Cell(*arrays[4:])]


def run_cell(op: RnnPool, cell: Cell, index: int, sequence: list[Array]) -> Array:
    h = np.zeros(len(cell.u))
    for x in sequence:
        pre = cell.w @ x + cell.u @ h
        if op.smooth:
            z, c = 1 / (1 + np.exp(-(pre + cell.bias_z))), np.tanh(pre + cell.bias_h)
        else:
            z, c = np.clip((pre + cell.bias_z + 1) / 2, 0, 1), np.clip(pre + cell.bias_h, -1, 1)
        h = z * h + (op.zeta[index] * (1 - z) + op.nu[index]) * c
    return h


def naive_patch(op: RnnPool, first: Cell, second: Cell, patch: Array) -> Array:
    """Algorithm 1 on one patch (rows, columns, channels)."""
    rows = [run_cell(op, first, 0, list(row)) for row in patch]
    columns = [run_cell(op, first, 0, list(column)) for column in patch.transpose(1, 0, 2)]
    parts = [rows, rows[::-1], columns, columns[::-1]]
    return np.concatenate([run_cell(op, second, 1, part) for part in parts])


@pytest.mark.parametrize("smooth", [False, True])
def test_float_reference_is_algorithm_1(smooth: bool) -> None:
    graph = float_pool(3, smooth=smooth, zeta=(0.7, 0.9), nu=(0.2, 0.05))
    op = graph.ops[0]
    assert isinstance(op, RnnPool)
    image = np.random.default_rng(1).random((15, 17, 3), np.float32)
    result = run_graph(graph, image)["out"][0]
    assert result.shape == (4, 5, 20)
    for y in range(4):
        for x in range(5):
            patch = image[3 * y : 3 * y + 6, 3 * x : 3 * x + 5]
            np.testing.assert_allclose(result[y, x], naive_patch(op, *cells(graph), patch), atol=1e-5)


def test_replicate_last_repeats_row_and_column() -> None:
    image = np.random.default_rng(1).random((15, 17, 3), np.float32)
    plain = run_graph(float_pool(3), image)["out"][0]
    repeated = run_graph(float_pool(3, replicate_last=True), image)["out"][0]
    np.testing.assert_array_equal(repeated, np.pad(plain, ((0, 1), (0, 1), (0, 0)), mode="edge"))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.booleans(),
    st.sampled_from([((1.0, 1.0), (0.0, 0.0)), ((0.6, 0.8), (0.1, 0.2)), ((1.2, 1.0), (0.1, 0.15))]),
    st.sampled_from([0.1, 0.3, 0.5]),
)
def test_quantised_pool_follows_float(
    seed: int, smooth: bool, gates: tuple[tuple[float, float], tuple[float, float]], spread: float
) -> None:
    graph = float_pool(seed, spread, smooth=smooth, zeta=gates[0], nu=gates[1])
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (4, 15, 17, 3)).astype(np.uint8)
    quantized = quantize_graph(graph, [pixels.astype(np.float32) / 255], "min-max")
    expected = run_graph(graph, pixels[0].astype(np.float32) / 255)["out"]
    scale = quantized.tensors["out"].quant.scale
    actual = run_graph(quantized, quantize_input(pixels[0]))["out"] * scale
    error = np.abs(np.clip(expected, -128 * scale, 127 * scale) - actual)
    # Half a step of the output, plus what rounding of states, weights and tables loses on the way. A cell
    # whose gates add up to more than 1 is not contractive: it amplifies that in few places.
    contractive = all(zeta + nu <= 1 for zeta, nu in zip(*gates, strict=True))
    assert np.quantile(error, 0.98) <= 0.5 * scale + 0.02 * spread
    assert error.max() <= 0.5 * scale + (0.02 if contractive else 0.06) * spread
    assert error.mean() <= 0.5 * scale


@pytest.mark.parametrize("gate", ["sigmoid", "tanh"])
def test_gate_tables(gate: str) -> None:
    bits = 11
    x = np.arange(-(8 << bits), 8 << bits, 7)
    exact = 1 / (1 + np.exp(-x / (1 << bits))) if gate == "sigmoid" else np.tanh(x / (1 << bits))
    assert len(gate_table(gate)) == 513
    # Linear interpolation errs by up to step**2 / 8 * max |f''| = 1/8192 * 0.77 of one, and 1.5 roundings.
    assert np.abs(interpolate(gate, x, bits) - exact * ONE).max() <= ONE / 8192 * 0.77 + 1.5
    ends = interpolate(gate, np.array([-(99 << bits), -(8 << bits), 8 << bits, 99 << bits]), bits)
    assert ends.tolist() == [gate_table(gate)[0]] * 2 + [gate_table(gate)[-1]] * 2


def test_states_saturate_at_int16() -> None:
    """Gates of zeta = 1.9 drive states over 2; int16 in Q14 ends just below."""
    graph = float_pool(0, 2.0, zeta=(1.9, 1.9))
    pixels = np.full((1, 15, 17, 3), 255, np.uint8)
    quantized = quantize_graph(graph, [pixels.astype(np.float32) / 255])
    result = run_graph(quantized, quantize_input(pixels[0]))["out"]
    assert np.abs(result.astype(np.float64) * quantized.tensors["out"].quant.scale).max() <= 2.0


def test_rows_written_and_windows_match_the_shape() -> None:
    build = GraphBuilder("g", (40, 33, 3))
    graph = build.finish(build.rnn_pool("image", patch=(8, 8), stride=4, replicate_last=True))
    op, out = graph.ops[0], graph.tensors[graph.outputs[0]]
    written = [op.rows_written(graph, step) for step in range(op.steps(graph))]
    assert written[0] == (0, 1)
    assert written[-1][1] == out.rows
    assert all(before[1] == after[0] for before, after in pairwise(written))
    assert [op.row_copied(graph, step) for step in range(out.rows)] == [None] * (out.rows - 1) + [out.rows - 2]
    window = op.windows(graph)[0]
    assert window is not None
    assert window.span(1, 40) == (4, 12)
