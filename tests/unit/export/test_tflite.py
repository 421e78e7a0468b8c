"""Exported .tflite files give the integer reference's bytes in TensorFlow Lite's reference interpreter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import one_op
import pytest
from graphs import GraphBuilder, tiny_classifier, tiny_detector
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tflite_case import Case
from tflite_curves import CURVES
from tflite_export import check_export
from tflite_layers import LAYERS
from tflite_models import import_bytes, random_images, schema
from tflite_movement import MOVEMENT

from mcu_vision import ops
from mcu_vision.cli.pipeline import WEIGHTS
from mcu_vision.errors import UserError
from mcu_vision.export.detections import without_detections
from mcu_vision.export.tflite import export_tflite
from mcu_vision.export.tflite.layers import SAME, VALID, padding_scheme
from mcu_vision.ir import Graph, Quantization
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
        check_export(graph, random_images(graph, seed, 1), folder)

    check()


@pytest.mark.parametrize("kind", CASES)
def test_every_imported_operator(kind: str, tmp_path: Path) -> None:
    check_operator(kind, tmp_path, 4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_every_imported_operator_in_many_cases(kind: str, tmp_path: Path) -> None:
    check_operator(kind, tmp_path, 100)


def check_one(build: GraphBuilder, *outputs: str, folder: Path, tolerance: int = 0) -> None:
    graph = build.finish(*outputs)
    check_export(graph, random_images(graph, 1), folder, tolerance)


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("padding", [(0, 0, 0, 0), (1, 1, 1, 1), (0, 0, 1, 1), (0, 1, 1, 0), (2, 1, 0, 2)])
@pytest.mark.parametrize("stride", [1, 2])
def test_padding(kernel: int, padding: tuple[int, int, int, int], stride: int, tmp_path: Path) -> None:
    build = GraphBuilder("padded", (9, 8, 3))
    pad = tuple(min(p, kernel - 1) for p in padding)
    strides = (stride, stride)
    outputs = [build.conv("image", 4, kernel, stride, padding=pad, activation="relu_n1_to_1")]
    outputs.append(build.depthwise("image", kernel, stride, padding=pad))
    same = build.graph.tensors["image"].quantization
    for kind in (ops.MaxPool2d, ops.AveragePool2d):
        size = (kernel, kernel)
        outputs.append(
            build.simple(kind, "image", quantization=same, size=size, stride=strides, padding=pad, activation="relu6")
        )
    check_one(build, *outputs, folder=tmp_path)


def test_names_of_paddings() -> None:
    assert padding_scheme((8, 8), (3, 3), (1, 1), (1, 1), (1, 1, 1, 1)) == SAME
    assert padding_scheme((8, 8), (3, 3), (2, 2), (1, 1), (0, 0, 1, 1)) == SAME
    assert padding_scheme((8, 8), (3, 3), (2, 2), (1, 1), (1, 1, 1, 1)) is None
    assert padding_scheme((8, 8), (3, 3), (2, 2), (1, 1), (0, 0, 0, 0)) == VALID
    assert padding_scheme((9, 9), (3, 3), (1, 1), (2, 2), (2, 2, 2, 2)) == SAME


@settings(max_examples=10, deadline=None)
@given(
    patch=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.integers(1, 4),
    smooth=st.booleans(),
    replicate=st.booleans(),
    hidden=st.sampled_from([(8, 8), (4, 6), (3, 5)]),
    seed=st.integers(0, 1000),
)
def test_rnn_pool(
    patch: tuple[int, int],
    stride: int,
    smooth: bool,
    replicate: bool,
    hidden: tuple[int, int],
    seed: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    build = GraphBuilder("pool", (9, 7, 3), seed)
    pooled = build.rnn_pool("image", hidden, patch=patch, stride=stride, smooth=smooth, replicate_last=replicate)
    check_one(build, pooled, folder=tmp_path_factory.mktemp("pool"))


def test_rectifiers_that_change_the_scale(tmp_path: Path) -> None:
    build = GraphBuilder("relu", (5, 6, 4))
    outputs = [build.simple(ops.Requantize, "image", activation=a) for a in ("none", "relu", "relu6", "relu_n1_to_1")]
    check_one(build, *outputs, folder=tmp_path)


@pytest.mark.parametrize("bits", [7, 8, 9])
def test_l2_normalisation_of_every_scale(bits: int, tmp_path: Path) -> None:
    """Beyond 7 bits a composite computes in float32."""
    build = GraphBuilder("l2", (5, 6, 8))
    unit = Quantization((2.0**-bits,), 0)
    check_one(
        build,
        build.simple(ops.L2Normalize, "image", quantization=unit, out_bits=bits),
        folder=tmp_path,
        tolerance=int(bits > 7),
    )


@settings(max_examples=10, deadline=None)
@given(graph=one_op.group_norm())
def test_group_normalisation(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> None:
    """In float32."""
    check_export(graph, random_images(graph, 1, 1), tmp_path_factory.mktemp("norm"), tolerance=1)


@pytest.mark.parametrize("graph", [tiny_classifier(), tiny_detector()], ids=lambda graph: graph.name)
def test_small_models(graph: Graph, tmp_path: Path) -> None:
    check_export(graph, random_images(graph, 0), tmp_path)


def test_shipped_face_detector(tmp_path: Path) -> None:
    """RNNPool, heads, and all between: 19,200 values of every image."""
    graph = load_graph(WEIGHTS / "face-m4.int8.safetensors")
    exported = check_export(graph, random_images(graph, 0, 1), tmp_path)
    assert exported.composites == 1
    assert len(exported.graph.outputs) == 8
    assert "decoding and suppression of boxes are left out" in exported.notes[0]


def test_an_imported_model_goes_out_as_it_came(tmp_path: Path) -> None:
    graph = import_bytes((PERSON_DETECT / "person_detect.tflite").read_bytes(), tmp_path)
    photo = (PERSON_DETECT / "person_tflmtest.in.bin").read_bytes()
    image = np.frombuffer(photo, np.int8).reshape(graph.input.shape)
    exported = check_export(graph, [image, *random_images(graph, 0, 1)], tmp_path)
    assert exported.composites == 0
    assert exported.data == export_tflite(graph).data


def test_labels_go_along(tmp_path: Path) -> None:
    graph = tiny_classifier()
    count = graph.tensors[graph.outputs[0]].size_bytes
    graph.metadata["labels"] = [f"class {i}" for i in range(count)]
    exported = check_export(graph, random_images(graph, 0, 1), tmp_path)
    assert import_bytes(exported.data, tmp_path).metadata["labels"] == graph.metadata["labels"]
    assert exported.data == export_tflite(graph).data


def test_a_graph_without_boxes_stays_as_it_is() -> None:
    graph = tiny_classifier()
    assert without_detections(graph) == (graph, [])


def test_what_cannot_be_written_is_said() -> None:
    graph = tiny_classifier()
    graph.input.dtype = "float32"
    with pytest.raises(UserError, match="not quantised"):
        export_tflite(graph)
    build = GraphBuilder("large", (9, 9, 3))
    graph = build.finish(build.rnn_pool("image", (8, 8), patch=(4, 4), stride=2))
    pool = graph.ops[0]
    graph.tensors[pool.inputs[6]].data[:] = 32767  # type: ignore[index]
    with pytest.raises(UserError, match=r"rnn_pool .* cannot be written as \.tflite: sums .* leave 32 bits"):
        export_tflite(graph)
    rows = replace(graph, ops=[ops.ReadRows("rows", graph.inputs, ("rows",))], outputs=("rows",))
    rows.tensors["rows"] = replace(rows.input, name="rows")
    with pytest.raises(UserError, match="read_rows rows cannot be written"):
        export_tflite(rows)


def test_the_file_is_as_tensorflows_own_schema_reads_it() -> None:
    """Names, versions and options by TensorFlow's classes; constants lie where runtimes map them."""
    graph = load_graph(WEIGHTS / "face-m4.int8.safetensors")
    data = export_tflite(graph).data
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    main, inside = model.subgraphs
    assert model.version == 3
    assert [main.tensors[i].name.decode() for i in main.inputs] == list(graph.inputs)
    assert len(main.outputs) == 8
    pad, first = main.operators[:2]
    assert isinstance(pad.builtinOptions, schema.PadOptionsT)
    assert model.operatorCodes[first.opcodeIndex].version == 3
    assert isinstance(first.builtinOptions, schema.Conv2DOptionsT)
    assert (first.builtinOptions.strideW, first.builtinOptions.strideH) == (2, 2)
    composite = next(op.builtinOptions2 for op in main.operators if op.builtinOptions2 is not None)
    assert composite.name == b"mcu_vision.rnn_pool"
    assert model.subgraphs[composite.decompositionSubgraphIndex] is inside
    largest = max((buffer.data for buffer in model.buffers if buffer.data is not None), key=len)
    assert data.index(bytes(largest)) % 16 == 0
