"""Composites of our own in files that nobody vouches for."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from graphs import GraphBuilder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tflite_models import import_bytes

from mcu_vision import ops
from mcu_vision.errors import UserError
from mcu_vision.export.tflite import export_tflite
from mcu_vision.export.tflite.writer import flexible_text
from mcu_vision.frontends.tflite.composites import _flexible_text
from mcu_vision.ir import Quantization
from mcu_vision.reference import run_graph


def composites() -> bytes:
    """A file with one of each kind."""
    build = GraphBuilder("composites", (9, 8, 4))
    pooled = build.rnn_pool("image", (4, 4), patch=(4, 4), stride=2)
    fine = build.simple(ops.L2Normalize, pooled, quantization=Quantization((2.0**-8,), 0), out_bits=8)
    same = build.graph.tensors[fine].quantization
    mean = build.simple(ops.AveragePool2d, fine, quantization=same, size=(2, 3), stride=(1, 2), padding=(1, 0, 0, 2))
    table = build._constant("table", build.random.integers(-128, 128, 256).astype("int8"))
    curve = ops.Lookup("curve", (mean, table), ("curve.out",))
    return export_tflite(build.finish(build.add_op(curve, build.quantization()))).data


DATA = composites()
ATTRIBUTES = b'"patch": [4, 4]'


def test_all_kinds_come_back(tmp_path: Path) -> None:
    graph = import_bytes(DATA, tmp_path)
    assert [op.kind for op in graph.ops] == ["rnn_pool", "l2_normalize", "average_pool2d", "lookup"]


def fuzz(folder: Path, examples: int) -> None:
    changes = st.lists(st.tuples(st.integers(0, len(DATA) - 1), st.binary(min_size=1, max_size=4)), max_size=8)
    words = st.lists(st.sampled_from([b"0", b"-9", b"99", b'""', b"[]", b"{}", b"1e9", b"NaN", b"[[1]]"]), max_size=3)

    @settings(max_examples=examples, deadline=10_000, suppress_health_check=list(HealthCheck))
    @given(changes=changes, words=words, at=st.integers(0, 400))
    def check(changes: list[tuple[int, bytes]], words: list[bytes], at: int) -> None:
        damaged = bytearray(DATA)
        start = DATA.index(ATTRIBUTES) + at
        for position, new in [*changes, *((start + 7 * i, word) for i, word in enumerate(words))]:
            damaged[position : position + len(new)] = new
        with contextlib.suppress(UserError):
            graph = import_bytes(bytes(damaged), folder)
            [op.kernel(graph) for op in graph.ops]

    check()


def test_damaged_composites_give_one_error(tmp_path: Path) -> None:
    fuzz(tmp_path, 150)


@pytest.mark.slow
def test_many_damaged_composites_give_one_error(tmp_path: Path) -> None:
    fuzz(tmp_path, 5_000)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"mcu_vision.rnn_pool", b"somebody.elses_pool", "named 'somebody.elses_pool' is not supported"),
        (b'"patch": [4, 4]', b'"patch": [4, 0]', "with attributes"),
        (b'"patch": [4, 4]', b'"patch": [4,"]}', "no JSON object"),
        (b'"patch": [4, 4]', b'"patch": "four"', "cannot have the attribute patch"),
        (b'"formats": [[18, 14, 12,', b'"formats": [[98, 14, 12,', "with attributes"),
        (b'"formats": [[18, 14, 12,', b'"formats": [[[], 14, 12,', "with attributes"),
        (b'"stride": 2', b'"stride": 0', "with attributes"),
        (b'"out_bits": 7', b'"out_bits": 6', "whose output has another scale"),
    ],
)
def test_what_is_no_composite_of_ours_is_refused(old: bytes, new: bytes, message: str, tmp_path: Path) -> None:
    assert len(old) == len(new)
    assert old in DATA
    with pytest.raises(UserError, match=message):
        import_bytes(DATA.replace(old, new), tmp_path)


@given(st.text(max_size=300))
def test_flexible_text(text: str) -> None:
    assert _flexible_text(flexible_text(text)) == text


@given(st.binary(max_size=40))
def test_what_is_no_flexible_text(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        _flexible_text(data)


def test_attributes_are_flexbuffers_of_the_library() -> None:
    flexbuffers = pytest.importorskip("flatbuffers.flexbuffers")
    text = json.dumps({"patch": [4, 4]})
    assert flexbuffers.GetRoot(bytearray(flexible_text(text))).AsString == text
    assert _flexible_text(bytes(flexbuffers.Dumps(text))) == text


def test_the_graph_is_the_same_after_any_number_of_trips(tmp_path: Path) -> None:
    graph = import_bytes(DATA, tmp_path)
    image = GraphBuilder("noise", (1, 1, 1), 3).random.integers(-128, 128, graph.input.shape).astype("int8")
    again = import_bytes(export_tflite(graph).data, tmp_path)
    (first,), (second,) = (run_graph(g, image).values() for g in (graph, again))
    assert (first == second).all()
