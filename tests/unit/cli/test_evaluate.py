"""`mcu-vision evaluate`: executions agree, figures are those of the photos, pictures and cards are written."""

import csv
import json
import zipfile

import numpy as np
import pytest
from graphs import tiny_detector
from PIL import Image
from typer.testing import CliRunner

from mcu_vision.cli import app
from mcu_vision.cli.evaluate_card import describe_recipe
from mcu_vision.cli.evaluate_faces import read_test_faces
from mcu_vision.cli.executions import prepare_board, prepare_host, prepare_reference
from mcu_vision.errors import UserError
from mcu_vision.evaluate.evaluation_graph import report_weak_boxes
from mcu_vision.report.model_card import read_card
from mcu_vision.saved_model import save_graph


def _evaluate(*arguments):
    result = CliRunner().invoke(app, ["evaluate", *arguments, "--json"], catch_exceptions=True)
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_all_executions_give_the_boxes_of_the_reference(tmp_path):
    graph = report_weak_boxes(tiny_detector(3), top_k=50, max_boxes=80)
    frame = np.random.default_rng(1).integers(0, 256, graph.input.shape[1:]).astype(np.uint8)
    expected = prepare_reference(graph, tmp_path)()(frame)
    assert np.count_nonzero(expected[0, :, 4]) > 5
    np.testing.assert_array_equal(prepare_host(graph, tmp_path)()(frame), expected[0])
    np.testing.assert_array_equal(prepare_board(graph, tmp_path)()(frame), expected[0])


@pytest.fixture
def faces(tmp_path):
    """Photos with a bright square for a face, and one without."""
    rng = np.random.default_rng(0)
    lines = []
    with zipfile.ZipFile(tmp_path / "test.zip", "w") as archive:
        for index in range(3):
            pixels = rng.integers(0, 90, (48, 64, 3)).astype(np.uint8)
            if index < 2:
                pixels[10:34, 20:44] = 240
            Image.fromarray(pixels).save(tmp_path / f"{index}.png")
            archive.write(tmp_path / f"{index}.png", f"{index}.png")
            source = "drawn" if index < 2 else "negatives"
            lines.append({"file": f"{index}.png", "boxes": [[20, 10, 24, 24]] if index < 2 else [], "source": source})
    (tmp_path / "test.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def test_faces(faces, tmp_path):
    graph = tiny_detector(3)
    graph.metadata |= {"task": "detect", "detector": {"score_threshold": 0.5}}
    save_graph(graph, tmp_path / "tiny.safetensors")
    result = _evaluate(
        "--model", str(tmp_path / "tiny.safetensors"), "--data", str(faces), "--executions", "int8,host",
        "--pictures", str(tmp_path / "pictures"),
    )  # fmt: skip
    assert result["figures"]["int8"] == result["figures"]["host"]
    drawn = [e for e in result["figures"]["host"] if e["source"] == "drawn" and e["size"] == "all"]
    assert [(e["faces"], e["photos"]) for e in drawn] == [(2, 2)]
    assert any(path.endswith("drawn.curves.png") for path in result["written"])
    for path in result["written"]:
        Image.open(path).verify()


def test_faces_need_a_data_set(tmp_path):
    with pytest.raises(UserError, match="holds no face data set"):
        read_test_faces(tmp_path)
    with pytest.raises(UserError, match="--executions must be one of"):
        _evaluate("--executions", "int8,gpu")


@pytest.fixture
def wake_words(tmp_path):
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive, (tmp_path / "train.csv").open("w") as stream:
        writer = csv.writer(stream)
        writer.writerow(["shard", "file", "label", "split", "source", "label_kind", "teacher_vww"])
        for index in range(6):
            label = index % 2
            Image.fromarray(np.full((40, 50, 3), 40 + 160 * label, np.uint8)).save(tmp_path / f"{index}.png")
            archive.write(tmp_path / f"{index}.png", f"{index}.png")
            kind = "gt" if index < 4 else "teacher"
            writer.writerow(["images.zip", f"{index}.png", label, "val", f"s{index // 3}", kind, label])
    return tmp_path


def test_wake_words_and_their_card(wake_words, tmp_path):
    card = {
        "model": "vww", "summary": "Says whether a person is in view.", "licence": "none.",
        "input": {"width": 96, "height": 96, "channels": 3}, "data": [], "known_failures": ["Everything."],
    }  # fmt: skip
    path = tmp_path / "vww.card.json"
    path.write_text(json.dumps(card))
    with pytest.raises(UserError, match="lacks recipe; a model card needs model, summary"):
        _evaluate("--model", "vww-rnnpool", "--data", "nowhere", "--card", str(path))
    path.write_text(json.dumps(card | {"recipe": {}}))
    result = _evaluate(
        "--model", "vww-rnnpool", "--data", str(wake_words), "--executions", "int8,board", "--card", str(path),
        "--pictures", str(tmp_path / "pictures"), "--build-dir", str(tmp_path / "build"),
    )  # fmt: skip
    assert result["figures"]["int8"] == result["figures"]["board"]
    entries = {e["source"]: e for e in result["figures"]["int8"]}
    assert {name: e["photos"] for name, e in entries.items()} == {"all": 6, "annotated by people": 4, "s0": 3, "s1": 3}
    assert str(tmp_path / "vww.md") in result["written"]
    assert "| annotated by people | 4 | 2 |" in (tmp_path / "vww.md").read_text()
    assert read_card(path)["resources"]["board"] == "stm32f439"
    with pytest.raises(UserError, match="no photo of the split test"):
        _evaluate("--model", "vww-rnnpool", "--data", str(wake_words), "--split", "test")


def test_a_recipe_says_which_frames_were_drawn():
    frames = {"face_share": 0.8, "source_weights": {"fddb": 3.0}, "mosaics_until": 0.45, "size": [320, 256]}
    info = {"options": {"stem_until": 0.3}, "figures": {"epoch": 7}, "frames": frames}
    assert describe_recipe(info) == {
        "stem until": 0.3,
        "photos with faces": 0.8,
        "weights of sources": "fddb 3",
        "mosaics until": 0.45,
        "frames": "320 x 256",
        "epochs run": 7,
    }
    info["frames"] = {"face_share": 0.8, "source_weights": {}, "mosaics_until": 1.0, "size": None}
    assert "weights of sources" not in describe_recipe(info)
    assert "frames" not in describe_recipe(info)
