"""`mcu-vision label` writes data sets that `train` reads."""

import json

import numpy as np
import pytest
from graphs import tiny_detector
from onnx_teachers import fixed
from PIL import Image
from typer.testing import CliRunner

from mcu_vision.cli import app
from mcu_vision.data.face_folder import read_face_folder
from mcu_vision.data.shared_wake_words import read_shared_wake_words
from mcu_vision.errors import UserError
from mcu_vision.saved_model import save_graph


def _label(*arguments):
    result = CliRunner().invoke(app, ["label", *arguments, "--json"], catch_exceptions=True)
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "b").mkdir(parents=True)
    rng = np.random.default_rng(1)
    for name in ("a.png", "b/a.jpg"):
        Image.fromarray(rng.integers(0, 256, (40, 56, 3)).astype(np.uint8)).save(folder / name)
    return folder


def test_faces(photos, tmp_path):
    graph = tiny_detector(3)
    graph.metadata["task"] = "detect"
    save_graph(graph, tmp_path / "teacher.safetensors")
    out = tmp_path / "labelled"
    teacher = ["--teacher", str(tmp_path / "teacher.safetensors"), "--out", str(out)]
    summary = _label(str(photos), *teacher, "--min-score", "0.3")
    train, held = read_face_folder(out)
    samples = sorted([*train, *held], key=lambda s: s.member)
    assert [s.member for s in samples] == ["a.png.jpg", "b/a.jpg"]
    assert all(s.read_image().size == (56, 40) for s in samples)
    assert sum(len(s.boxes) for s in samples) == summary["boxes"]
    assert sum(len(s.ignore) for s in samples) == summary["ignored"]
    assert summary["boxes"] + summary["ignored"] > 0
    # One view's 0.7 makes a mean of 0.35 with its mirror image: all that is left is sure.
    sure = ("--min-score", "0.3", "--ignore-from", "0.7", "--out", str(tmp_path / "sure"))
    assert _label(str(photos), *teacher[:2], *sure)["ignored"] == 0
    with pytest.raises(UserError, match="is not empty"):
        _label(str(photos), *teacher)


def test_an_onnx_teacher(photos, tmp_path):
    box = [[[2.0, 2.0, 8.0, 6.0]]]  # the same in the mirror image
    path = fixed(tmp_path / "teacher.onnx", boxes=box, scores=[[0.9]])
    summary = _label(str(photos), "--teacher", str(path), "--out", str(tmp_path / "faces"))
    samples, held = read_face_folder(tmp_path / "faces")
    assert summary["boxes"] == sum(len(s.boxes) for s in [*samples, *held]) > 0
    path = fixed(tmp_path / "words.onnx", out=[[0.2, 0.8]])
    _label(str(photos), "--teacher", str(path), "--pixels", "signed", "--out", str(tmp_path / "words"))
    assert [s.teacher for s in read_shared_wake_words(tmp_path / "words", "train")] == [0.8, 0.8]
    with pytest.raises(UserError, match=r"gone\.onnx"):
        _label(str(photos), "--teacher", str(tmp_path / "gone.onnx"), "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_teacher_must_be_trained(photos, tmp_path):
    pytest.importorskip("torch")
    with pytest.raises(UserError, match="ships without trained weights"):
        _label(str(photos), "--teacher", "vww-mobilenet", "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_wake_words(photos, tmp_path):
    torch = pytest.importorskip("torch")
    from mcu_vision.models.registry import build_model
    from mcu_vision.models.weights_file import save_weights

    model = build_model("vww-rnnpool")
    with torch.no_grad():
        model.classifier.bias[1] += 100
    save_weights(tmp_path / "teacher.safetensors", model, {})
    out = tmp_path / "labelled"
    weights = str(tmp_path / "teacher.safetensors")
    summary = _label(str(photos), "--teacher", "vww-rnnpool", "--weights", weights, "--out", str(out))
    assert summary["persons"] == 2
    samples = read_shared_wake_words(out, "train")
    assert [(s.label, s.teacher) for s in samples] == [(1, 1.0), (1, 1.0)]
    assert samples[0].read_image().size == (56, 40)
