"""Networks in ONNX files as teachers."""

import sys
from pathlib import Path

import numpy as np
import pytest
from onnx_teachers import first_value, fixed

from mcu_vision.errors import UserError
from mcu_vision.evaluate.onnx_teacher import IMAGENET, OnnxForm, OnnxTeacher

RED = np.zeros((8, 10, 3), np.uint8) + np.array([255, 51, 0], np.uint8)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (OnnxForm(), 1.0),
        (OnnxForm(bgr=True), 0.0),
        (OnnxForm(pixels="signed", bgr=True), 1 / (1 + np.exp(1))),
        (OnnxForm(pixels="bytes"), 1.0),
        (OnnxForm(pixels="imagenet"), 1 / (1 + np.exp(-(1 - IMAGENET[0, 0]) / IMAGENET[1, 0]))),
    ],
)
@pytest.mark.parametrize("shape", [(1, 3, 8, 10), (1, 8, 10, 3)])
def test_pixels_come_as_the_network_wants_them(tmp_path: Path, form: OnnxForm, value: float, shape: tuple) -> None:
    teacher = OnnxTeacher(first_value(tmp_path / "t.onnx", shape), form)
    assert (teacher.detector, teacher.frame) == (False, (10, 8, 3))
    assert teacher.probability(RED) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "probability"), [([0.3, 0.7], 0.7), ([2.0, 1.0], 1 / (1 + np.e)), ([0.25], 0.25), ([-2.0], 0.1192029)]
)
def test_probabilities_and_logits(tmp_path: Path, values: list[float], probability: float) -> None:
    teacher = OnnxTeacher(fixed(tmp_path / "t.onnx", out=[values]), OnnxForm())
    assert not teacher.detector
    assert teacher.probability(RED) == pytest.approx(probability, abs=1e-6)


BOXES = [[1, 1, 5, 7], [1, 1, 5, 6.5], [6, 2, 9, 4]]
CENTRES = [[3, 4, 4, 6], [3, 3.75, 4, 5.5], [7.5, 3, 3, 2]]
SCORES = [0.9, 0.8, 0.1]
TABLE = [[*box, score, 7.0] for box, score in zip(BOXES, SCORES, strict=True)]
LONG = np.concatenate([np.column_stack([CENTRES, SCORES]), np.zeros((117, 5))]).T[None]


@pytest.mark.parametrize(
    ("outputs", "form"),
    [
        ({"boxes": [BOXES], "scores": [[[1 - s, s] for s in SCORES]]}, OnnxForm()),
        ({"scores": [[[s] for s in SCORES]], "boxes": [BOXES]}, OnnxForm()),
        ({"boxes": BOXES, "scores": SCORES, "labels": [1, 1, 1]}, OnnxForm()),
        ({"boxes": [(np.array(BOXES) / [10, 8, 10, 8]).tolist()], "scores": [SCORES]}, OnnxForm()),
        ({"boxes": [CENTRES], "scores": [SCORES]}, OnnxForm(boxes="centres")),
        ({"found": TABLE}, OnnxForm()),
        ({"found": [TABLE]}, OnnxForm()),
        ({"found": LONG}, OnnxForm(boxes="centres")),
    ],
)
def test_boxes_in_all_forms(tmp_path: Path, outputs: dict, form: OnnxForm) -> None:
    teacher = OnnxTeacher(fixed(tmp_path / "t.onnx", **outputs), form)
    assert teacher.detector
    expected = [[1, 1, 4, 6, 0.9], [6, 2, 3, 2, 0.1]]  # the second box is the first one's object
    np.testing.assert_allclose(teacher.detect(RED), expected, atol=1e-5)


def test_weak_boxes_are_left_out_and_there_may_be_none(tmp_path: Path) -> None:
    path = fixed(tmp_path / "t.onnx", boxes=[BOXES], scores=[SCORES])
    assert len(OnnxTeacher(path, OnnxForm(least_score=0.2)).detect(RED)) == 1
    assert OnnxTeacher(path, OnnxForm(least_score=0.95)).detect(RED).shape == (0, 5)
    path = fixed(tmp_path / "none.onnx", boxes=np.zeros((1, 0, 4)), scores=np.zeros((1, 0)))
    assert OnnxTeacher(path, OnnxForm()).detect(RED).shape == (0, 5)


def test_open_sizes_need_an_input(tmp_path: Path) -> None:
    path = first_value(tmp_path / "t.onnx", (1, 3, "height", "width"))
    with pytest.raises(UserError, match="say --input WIDTHxHEIGHTxCHANNELS"):
        OnnxTeacher(path, OnnxForm())
    assert OnnxTeacher(path, OnnxForm(frame=(10, 8, 3))).probability(RED) == 1.0
    with pytest.raises(UserError, match="not --input 10x8x1"):
        OnnxTeacher(path, OnnxForm(frame=(10, 8, 1)))


def test_what_is_no_teacher_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(UserError, match=r"cannot read .*broken\.onnx as an ONNX model"):
        OnnxTeacher(tmp_path / "broken.onnx", OnnxForm())
    with pytest.raises(UserError, match="neither boxes with scores"):
        OnnxTeacher(fixed(tmp_path / "t.onnx", out=np.zeros((1, 64, 5, 5))), OnnxForm())
    with pytest.raises(UserError, match="does not take one float32 image"):
        OnnxTeacher(first_value(tmp_path / "v.onnx", (1, 3, 8, 10, 2)), OnnxForm())
    with pytest.raises(UserError, match="takes gray images"):
        OnnxTeacher(first_value(tmp_path / "g.onnx", (1, 1, 8, 10)), OnnxForm(pixels="imagenet"))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"pip install 'mcu-vision\[onnx\]'"):
        OnnxTeacher(tmp_path / "t.onnx", OnnxForm())
