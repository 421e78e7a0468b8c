"""Straight-line code of sparse matrices, run by a small interpreter of its instructions."""

import re

import numpy as np
import pytest
from graphs import GraphBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_vision.codegen.sparse_rnn import SparseCode, _pixel_units, _products, sparse_code
from mcu_vision.int8 import IntArray
from mcu_vision.ir import Graph
from mcu_vision.ops.rnn_pool import RnnPool
from mcu_vision.ops.rnn_sparsity import pixel_cycles, pixel_words, product_cycles


def run(lines: list[str], stream: list[int], vector: IntArray) -> IntArray:
    """The lanes (units) that the code leaves in s0, s1, ..."""
    registers = {f"r{k}": _word(low, high) for k, (low, high) in enumerate(vector.reshape(-1, 2).tolist())}
    words = iter(stream)
    for line in "".join(lines).split("\\n")[:-1]:
        name, rest = line.split(" ", 1)
        names = re.findall(r"\b(?:r\d+|lr|s\d+)\b", rest)
        if name == "ldmia":
            assert names[0] == "r8"
            assert names[1:] == sorted(names[1:], key=lambda r: 14 if r == "lr" else int(r[1:]))
            registers |= {register: next(words) for register in names[1:]}
        elif name == "ldr":
            assert rest.endswith("[r8], #4")
            registers[names[0]] = next(words)
        elif name == "smlad":
            to, a, b, total = names
            products = sum(_lane(registers[a], k) * _lane(registers[b], k) for k in "bt")
            registers[to] = registers[total] + products & 0xFFFFFFFF
        elif name.startswith("smla"):
            to, a, b, total = names
            product = _lane(registers[a], name[4]) * _lane(registers[b], name[5])
            registers[to] = registers[total] + product & 0xFFFFFFFF
        elif name == "pkhtb":
            assert rest == "r9, r10, r9, asr #16"
            registers["r9"] = registers["r10"] & 0xFFFF0000 | registers["r9"] >> 16
        else:
            assert name == "vmov"
            registers[names[0]] = registers[names[1]]
    assert next(words, None) is None
    return np.array([_lane(registers[f"s{unit // 2}"], "bt"[unit % 2]) for unit in range(2 * len(lines))])


def _word(low: int, high: int) -> int:
    return (low & 0xFFFF) | (high & 0xFFFF) << 16


def _lane(word: int, lane: str) -> int:
    half = word >> (16 if lane == "t" else 0) & 0xFFFF
    return half - (half >> 15 << 16)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([(8, 8), (16, 16), (16, 8), (8, 16)]),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
)
def test_products_are_those_of_the_matrix(shape: tuple[int, int], share: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.integers(-(2**15) + 1, 2**15, shape) * (random.random(shape) < share)
    starts = random.integers(0, 2**32, shape[0])
    vector = random.integers(-(2**15), 1, shape[1])
    products = _products(weights, starts)
    sums = (weights @ vector + starts) >> 16 & 0xFFFF
    expected = sums - (sums >> 15 << 16)
    loaded = sum(1 + len(m.split(",")) for m in re.findall(r"ldmia r8!, {(.*?)}", "".join(products.lines)))
    others = len(re.findall(r"smla|pkhtb|vmov", "".join(products.lines)))
    singles = 2 * len(re.findall("ldr ", "".join(products.lines)))
    assert product_cycles(weights) == loaded + others + singles
    np.testing.assert_array_equal(run(products.lines, products.stream, vector), expected)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 4), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_products_of_pixels_are_those_of_the_matrix(channels: int, share: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    w = random.integers(-(2**15) + 1, 2**15, (2, channels)) * (random.random((2, channels)) < share)
    starts, pixels = random.integers(0, 2**32, 2).tolist(), random.integers(0, 256, (2, channels))
    lines, words = _pixel_units(pixel_words(w))
    loaded = sum(1 + len(m.split(",")) for m in re.findall(r"ldmia r1!, {(.*?)}", "\n".join(lines)))
    others = sum(not line.startswith("ldm") for line in lines) + sum(line.startswith("ldr") for line in lines)
    assert loaded + others == pixel_cycles(w) + sum(not row.any() for row in w)
    stream, stored = iter([*starts, *words]), []
    padded = np.pad(pixels, ((0, 0), (0, 4 - channels)))
    registers = {f"r{6 + 2 * p + k}": _word(*padded[p, k::2].tolist()) for p in range(2) for k in range(2)}
    for line in lines:
        name, names = line.split(" ")[0], re.findall(r"\b(?:r\d+|lr)\b", line)
        if name == "ldmia":
            registers |= {register: next(stream) for register in names[1:]}
        elif name == "ldr":
            registers[names[0]] = next(stream)
        elif name == "mov":
            registers[names[0]] = registers[names[1]]
        elif name == "smlad":
            to, a, b, total = names
            products = sum(_lane(registers[a], k) * _lane(registers[b], k) for k in "bt")
            registers[to] = registers[total] + products & 0xFFFFFFFF
        elif name == "pkhtb":
            to, high, low = names
            registers[to] = registers[high] & 0xFFFF0000 | registers[low] >> 16
        else:
            stored.append((names[1], registers[names[0]]))
    assert next(stream, None) is None
    sums = pixels @ w.T + starts >> 16 & 0xFFFF
    assert stored == [("r0", _word(*sums[0].tolist())), ("r12", _word(*sums[1].tolist()))]


def pool(hidden: tuple[int, int], share: float, **attributes: object) -> Graph:
    build = GraphBuilder("pool", (16, 16, 4), 3)
    graph = build.finish(build.rnn_pool("image", hidden, patch=(8, 8), stride=4, **attributes))
    for name in (n for n in graph.ops[0].inputs if n[-2:] in ("u1", "w2", "u2")):
        data = graph.tensors[name].data
        assert data is not None
        data[build.random.random(data.shape) >= share] = 0
    return graph


def routines(graph: Graph) -> list[SparseCode]:
    op = graph.ops[0]
    assert isinstance(op, RnnPool)
    return sparse_code(op, graph, "op")


def test_only_where_it_gains() -> None:
    keys = ["cell1.sweep", "cell2.sweep", "cell2.project"]
    assert [code.key for code in routines(pool((16, 16), 0.3))] == keys
    assert [code.key for code in routines(pool((8, 8), 0.1))] == keys
    assert routines(pool((16, 16), 1.0)) == []


@pytest.mark.parametrize("hidden", [(12, 12), (4, 4), (20, 16)])
def test_sizes_without_a_frame_keep_the_whole_matrix(hidden: tuple[int, int]) -> None:
    assert all(code.key == "cell2.sweep" for code in routines(pool(hidden, 0.2)))


def test_smooth_gates_keep_the_whole_matrix() -> None:
    assert routines(pool((16, 16), 0.2, smooth=True)) == []


def test_wide_shifts_keep_the_whole_matrix() -> None:
    graph = pool((16, 16), 0.2)
    op = graph.ops[0]
    assert isinstance(op, RnnPool)
    op.formats = tuple(f._replace(u_bits=15, w_bits=29) for f in op.formats)
    assert routines(graph) == []
