"""Real files come in whole; damaged ones give one error, whatever is wrong with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tflite_models import TfliteModel, import_bytes

from mcu_vision.errors import UserError
from mcu_vision.frontends.tflite import import_tflite
from mcu_vision.reference import run_graph
from mcu_vision.saved_model import load_graph, save_graph

PERSON_DETECT = Path(__file__).parents[2] / "data" / "person_detect"
FILE = PERSON_DETECT / "person_detect.tflite"
DATA = FILE.read_bytes()


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


def _refusal(model: TfliteModel, inputs: list[int], outputs: list[int], folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        import_bytes(model.to_bytes(inputs, outputs), folder)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_several_inputs_are_refused(tmp_path: Path) -> None:
    model = TfliteModel()
    a, b, c = (model.tensor([1, 4], 0.1) for _ in range(3))
    model.op("ADD", [a, b], [c], "AddOptions")
    assert "an input of 2 (one image or vector is needed) is not supported" in _refusal(model, [a, b], [c], tmp_path)


def test_a_batch_is_refused_where_it_matters(tmp_path: Path) -> None:
    model = TfliteModel()
    x, y = model.tensor([2, 4, 4, 1], 0.1), model.tensor([2, 2, 2, 1], 0.1)
    model.op("MAX_POOL_2D", [x], [y], "Pool2DOptions", strideH=2, strideW=2, filterHeight=2, filterWidth=2)
    expected = "operator 0 (MAX_POOL_2D) of a tensor [2, 4, 4, 1] (an image [1, H, W, C] is needed) is not supported"
    assert expected in _refusal(model, [x], [y], tmp_path)


def test_a_shape_that_is_not_known_is_refused(tmp_path: Path) -> None:
    model = TfliteModel()
    x, y = model.tensor([1, 1, 4], 0.1), model.tensor([1, 1, 4], 0.1)
    model.open_axis(x, 1)
    model.op("RELU", [x], [y])
    text = _refusal(model, [x], [y], tmp_path)
    assert "shape (-1, -1, 4)" in text or "shape (1, -1, 4)" in text
    assert "fix the input's shape" in text


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_a_model_that_is_not_int8_is_refused(dtype: str, tmp_path: Path) -> None:
    model = TfliteModel()
    x, y = (model.tensor([1, 4], 0.1, dtype=dtype) for _ in range(2))
    model.op("RELU", [x], [y])
    text = _refusal(model, [x], [y], tmp_path)
    assert f"an input of type {dtype} that is not quantised at once is not supported" in text
    assert "quantise the model to int8" in text
