"""Exported ONNX models in onnxruntime.

In exact form equal to the integer reference; in QDQ form every operator is within one step, given the same inputs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import one_op
import onnx
import pytest
from graphs import GraphBuilder, tiny_classifier, tiny_detector
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras_networks import LARGE, SMALL, convert
from onnx_export import assert_equal_outputs, largest_steps, run_onnx
from tflite_case import Case
from tflite_curves import CURVES
from tflite_layers import LAYERS
from tflite_models import import_bytes, random_images
from tflite_movement import MOVEMENT

from mcu_vision import ops
from mcu_vision.cli.pipeline import WEIGHTS
from mcu_vision.errors import UserError
from mcu_vision.export.onnx import IN_FLOAT, export_onnx
from mcu_vision.ir import Graph
from mcu_vision.reference import run_graph
from mcu_vision.saved_model import load_graph

CASES = LAYERS | MOVEMENT | CURVES
PERSON_DETECT = Path(__file__).parents[2] / "data" / "person_detect"


def check_operator(kind: str, folder: Path, examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    @given(data=st.data(), seed=st.integers(0, 2**32 - 1))
    def check(data: st.DataObject, seed: int) -> None:
        case = Case(data.draw)
        CASES[kind](case)
        graph = import_bytes(case.file(), folder)
        images = random_images(graph, seed, 1)
        assert max(largest_steps(graph, images).values()) <= 1
        assert_exact(graph, images)

    check()


def assert_exact(graph: Graph, images: list[np.ndarray]) -> None:
    """Every operator that has a form in integers has the reference's bytes."""
    steps = largest_steps(graph, images, exact=True)
    for op in graph.ops:
        if op.outputs[0] in steps:
            assert steps[op.outputs[0]] <= int(op.kind in IN_FLOAT), op.kind


@pytest.mark.parametrize("kind", CASES)
def test_every_imported_operator(kind: str, tmp_path: Path) -> None:
    check_operator(kind, tmp_path, 3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_every_imported_operator_in_many_cases(kind: str, tmp_path: Path) -> None:
    check_operator(kind, tmp_path, 60)


@settings(max_examples=10, deadline=None)
@given(
    patch=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.integers(1, 4),
    smooth=st.booleans(),
    replicate=st.booleans(),
    hidden=st.sampled_from([(8, 8), (3, 5)]),
    seed=st.integers(0, 1000),
)
def test_rnn_pool_is_exact(
    patch: tuple[int, int], stride: int, smooth: bool, replicate: bool, hidden: tuple[int, int], seed: int
) -> None:
    build = GraphBuilder("pool", (9, 7, 3), seed)
    pooled = build.rnn_pool("image", hidden, patch=patch, stride=stride, smooth=smooth, replicate_last=replicate)
    graph = build.finish(pooled)
    assert set(largest_steps(graph, random_images(graph, seed, 1)).values()) == {0}


@settings(max_examples=10, deadline=None)
@given(graph=one_op.group_norm())
def test_group_normalisation(graph: Graph) -> None:
    assert max(largest_steps(graph, random_images(graph, 1, 1)).values()) <= 1


@pytest.mark.parametrize("optimized", [False, True], ids=["as written", "optimised"])
@pytest.mark.parametrize("graph", [tiny_classifier(), tiny_detector()], ids=lambda graph: graph.name)
def test_small_models(graph: Graph, optimized: bool) -> None:
    assert max(largest_steps(graph, random_images(graph, 0), optimized).values()) <= 1
    assert_exact(graph, random_images(graph, 0))


def test_sums_that_float32_cannot_hold_are_taken_in_parts() -> None:
    build = GraphBuilder("deep", (4, 4, 2))
    wide = build.conv("image", 200, 1, 1, 0)
    graph = build.finish(build.conv(wide, 3, 3))
    name = graph.ops[-1].inputs[1]
    graph.tensors[name].data = np.where(build.random.random(graph.tensors[name].shape) < 0.5, -127, 127).astype(np.int8)
    assert any(
        node.op_type == "Slice" for node in onnx.load_from_string(export_onnx(graph, exact=True).data).graph.node
    )
    assert_exact(graph, random_images(graph, 0))


def test_shipped_face_detector() -> None:
    """QDQ operator by operator, since steps add up along a network; in exact form the whole is equal."""
    graph = load_graph(WEIGHTS / "face-m4.int8.safetensors")
    images = random_images(graph, 0, 1)
    steps = largest_steps(graph, images[:1])
    assert max(steps.values()) == 1
    assert steps["stages.0.1.rnn_pool"] == 0
    assert "decoding and suppression of boxes are left out" in export_onnx(graph).notes[0]
    assert_equal_outputs(graph, images)


def test_a_classifier_of_photos(tmp_path: Path) -> None:
    graph = import_bytes((PERSON_DETECT / "person_detect.tflite").read_bytes(), tmp_path)
    for name in ("person_tflmtest", "no_person_tflmtest"):
        photo = (PERSON_DETECT / f"{name}.in.bin").read_bytes()
        image = np.frombuffer(photo, np.int8).reshape(graph.input.shape)
        assert_equal_outputs(graph, [image])
        (expected,) = run_graph(graph, image).values()
        for optimized in (False, True):
            (scores,) = run_onnx(export_onnx(graph, exact=False).data, image, optimized)
            assert scores.argmax() == expected.argmax()


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL | LARGE)
def test_networks_of_keras_are_equal(name: str, tmp_path: Path) -> None:
    graph = import_bytes(convert((SMALL | LARGE)[name]()), tmp_path)
    assert_equal_outputs(graph, random_images(graph, 0))


def test_exact_files_keep_weights_in_8_bits() -> None:
    graph = load_graph(WEIGHTS / "face-m4.int8.safetensors")
    exact, plain = (export_onnx(graph, exact=exact) for exact in (True, False))
    assert len(exact.data) < 2 * len(plain.data)
    kinds = {node.op_type for node in onnx.load_from_string(exact.data).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds


def test_what_cannot_be_written_is_said() -> None:
    graph = tiny_classifier()
    graph.input.dtype = "float32"
    with pytest.raises(UserError, match="not quantised"):
        export_onnx(graph)
    build = GraphBuilder("rows", (4, 4, 1))
    rows = build.add_op(ops.ReadRows("rows", ("image",), ("rows",)), build.graph.input.quant)
    with pytest.raises(UserError, match="read_rows rows cannot be written as ONNX"):
        export_onnx(build.finish(rows))
