"""Real files come in whole; damaged ones give one error, whatever is wrong with them."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tflite_models import TfliteModel, import_bytes

from mcu_vision.errors import UserError
from mcu_vision.frontends.tflite import import_tflite
from mcu_vision.reference import run_graph
from mcu_vision.saved_model import load_graph, save_graph

PERSON_DETECT = Path(__file__).parents[2] / "data" / "person_detect"
FILE = PERSON_DETECT / "person_detect.tflite"
DATA = FILE.read_bytes()
CORRUPTIONS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 4000), st.integers(len(DATA) - 20000, len(DATA) - 1), st.integers(0, len(DATA) - 1)),
        st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from([b"\xff" * 4, b"\x00" * 4, b"\xff\xff\xff\x7f"])),
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("name", ["no_person_tflmtest", "person_tflmtest", "rand2"])
def test_person_detect_gives_the_reference_kernels_scores(name: str) -> None:
    graph = import_tflite(FILE)
    image = np.fromfile(PERSON_DETECT / f"{name}.in.bin", np.int8).reshape(1, 96, 96, 1)
    expected = np.fromfile(PERSON_DETECT / f"{name}.out0.ref.bin", np.int8)
    np.testing.assert_array_equal(run_graph(graph, image)[graph.outputs[0]].reshape(-1), expected)


def test_an_imported_graph_can_be_saved(tmp_path: Path) -> None:
    graph = import_tflite(FILE)
    save_graph(graph, tmp_path / "saved.safetensors")
    assert str(load_graph(tmp_path / "saved.safetensors")) == str(graph)


def import_damaged(data: bytes, folder: Path) -> None:
    """Whatever `data` is, it becomes a graph or a UserError; any other exception fails the test."""
    with contextlib.suppress(UserError):
        import_bytes(data, folder)


def fuzz(folder: Path, examples: int) -> None:
    @settings(max_examples=examples, deadline=10_000, suppress_health_check=list(HealthCheck))
    @given(changes=CORRUPTIONS, length=st.one_of(st.just(len(DATA)), st.integers(0, len(DATA))))
    def check(changes: list[tuple[int, bytes]], length: int) -> None:
        damaged = bytearray(DATA)
        for position, new in changes:
            damaged[position : position + len(new)] = new
        import_damaged(bytes(damaged[:length]), folder)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    check()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + (1 << 19)  # KB: no gigabytes


def test_damaged_files_give_one_error(tmp_path: Path) -> None:
    fuzz(tmp_path, 200)


@pytest.mark.slow
def test_many_damaged_files_give_one_error(tmp_path: Path) -> None:
    fuzz(tmp_path, 10_000)


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\x00" * 64, b"\xff\xff\xff\xffTFL3" + b"\x00" * 64, DATA[:1000]])
def test_what_is_no_model_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.tflite is no valid \.tflite file"):
        import_bytes(data, tmp_path)


def test_an_unsupported_operator_is_named_with_its_index(tmp_path: Path) -> None:
    model = TfliteModel()
    x, y, z = (model.tensor([1, 4], 0.1) for _ in range(3))
    model.op("RELU", [x], [y])
    model.op("CUMSUM", [y, model.constant(1)], [z], "CumsumOptions")
    with pytest.raises(UserError, match=r"operator 1 \(CUMSUM\) is not supported; supported are ABS, "):
        import_bytes(model.to_bytes([x], [z]), tmp_path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        import_tflite(tmp_path / "none.tflite")


def test_float_input_and_output_are_left_to_the_caller(tmp_path: Path) -> None:
    model = TfliteModel()
    real, result = (model.tensor([1, 6], dtype="float32") for _ in range(2))
    x, y = model.tensor([1, 6], 0.1, 3), model.tensor([1, 6], 1 / 256, -128)
    model.op("QUANTIZE", [real], [x], "QuantizeOptions")
    model.op("SOFTMAX", [x], [y], "SoftmaxOptions", beta=1.0)
    model.op("DEQUANTIZE", [y], [result], "DequantizeOptions")
    graph = import_bytes(model.to_bytes([real], [result]), tmp_path)
    assert [op.kind for op in graph.ops] == ["rearrange", "softmax"]
    assert graph.input.quant.zero_point == 3
