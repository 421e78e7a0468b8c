"""`mcu-vision detect`: boxes of a folder of photos as pictures and in both prediction formats."""

import json

import numpy as np
import pytest
from graphs import tiny_detector
from PIL import Image
from typer.testing import CliRunner

from mcu_vision.cli import app
from mcu_vision.cli.executions import prepare_reference
from mcu_vision.errors import UserError
from mcu_vision.evaluate.detector import detect_boxes
from mcu_vision.evaluate.predictions import read_predictions, read_wider_submission
from mcu_vision.saved_model import save_graph


def _detect(*arguments):
    result = CliRunner().invoke(app, ["detect", *arguments, "--json"], catch_exceptions=True)
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_files_of_both_formats_hold_the_boxes_of_the_reference(tmp_path):
    graph = tiny_detector(3)
    graph.metadata["task"] = "detect"
    save_graph(graph, tmp_path / "tiny.safetensors")
    photos = tmp_path / "photos"
    (photos / "party").mkdir(parents=True)
    rng = np.random.default_rng(1)
    for name in ("a.png", "party/b.png"):
        Image.fromarray(rng.integers(0, 256, (40, 56, 3)).astype(np.uint8)).save(photos / name)
    out = tmp_path / "out"
    summary = _detect(str(photos), "--model", str(tmp_path / "tiny.safetensors"), "--out", str(out))
    assert summary["photos"] == 2

    _, height, width, channels = graph.input.shape
    run = prepare_reference(graph, tmp_path)()
    wider = read_wider_submission(out / "wider")
    assert set(wider) == {"photos/a.png", "party/b.png"}
    total = 0
    for name, event in (("a.png", "photos"), ("party/b.png", "party")):
        expected = detect_boxes(run, Image.open(photos / name), width, height, channels)
        kept, boxes = read_predictions((out / "edgeml" / name).with_suffix(".txt"))
        assert kept is None
        np.testing.assert_allclose(boxes, expected, rtol=1e-6)
        np.testing.assert_array_equal(wider[f"{event}/{name[-5:]}"], boxes)
        Image.open((out / "pictures" / name).with_suffix(".png")).verify()
        total += len(boxes)
    assert summary["boxes"] == total > 0

    weak = _detect(str(photos), "--model", str(tmp_path / "tiny.safetensors"), "--out", str(out), "--min-score", "0.02")
    assert weak["boxes"] > total


def test_faults_are_one_line(tmp_path):
    with pytest.raises(UserError, match="no photos in"):
        _detect(str(tmp_path))
    with pytest.raises(UserError, match="no photo or folder"):
        _detect(str(tmp_path / "nowhere"))
    Image.fromarray(np.zeros((40, 56, 3), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no photo")
    with pytest.raises(UserError, match="cannot read the photo"):
        _detect(str(tmp_path), "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
