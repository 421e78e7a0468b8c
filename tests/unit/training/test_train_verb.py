"""`mcu-vision train` from a folder of photos to weights."""

import json
import zipfile

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from mcu_vision.cli import app
from mcu_vision.errors import UserError
from mcu_vision.models.registry import build_model
from mcu_vision.models.weights_file import save_weights


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    lines = []
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        for index in range(5):
            path = tmp_path / f"{index}.png"
            Image.fromarray(rng.integers(0, 255, (90, 120)).astype(np.uint8)).save(path)
            archive.write(path, path.name)
            # The last photo is of fold 8, which validates.
            lines.append(
                {"file": path.name, "boxes": [[30, 20, 25, 30]], "fold": 8 if index == 4 else 1, "source": "fddb"}
            )
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


def _train(*arguments):
    result = CliRunner().invoke(app, ["train", *arguments], catch_exceptions=True)
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_train_resume_and_load(photos):
    out = photos / "out"
    common = ["face-m4", "--data", str(photos), "--out", str(out), "--batch", "2", "--json"]
    first = _train(*common, "--epochs", "1")
    assert first["epoch"] == 1
    assert 0 <= first["ap"] <= 1
    assert first["weights"] == str(out / "best.safetensors")
    build_model("face-m4", out / "best.safetensors")
    with pytest.raises(UserError, match="holds an earlier run"):
        _train(*common, "--epochs", "2")
    second = _train(*common, "--epochs", "2", "--resume")
    assert second["epoch"] == 2
    assert len((out / "metrics.jsonl").read_text().splitlines()) == 2
    assert _train(*common, "--epochs", "2", "--resume")["epoch"] == 2


def test_layers_of_a_related_model_start_a_training(photos):
    weights = photos / "m4.safetensors"
    save_weights(weights, build_model("face-m4"), {})
    common = ["face-m4-wide", "--data", str(photos), "--batch", "2", "--epochs", "1", "--json"]
    with pytest.raises(UserError, match="do not fit"):
        _train(*common, "--out", str(photos / "out"), "--start", str(weights))
    with pytest.raises(UserError, match="--start-shared needs --start"):
        _train(*common, "--out", str(photos / "out"), "--start-shared")
    trained = _train(*common, "--out", str(photos / "out"), "--start", str(weights), "--start-shared")
    assert trained["epoch"] == 1


def test_frames_and_sources_can_be_chosen(photos):
    common = ["face-m4", "--data", str(photos), "--batch", "2", "--epochs", "1", "--json"]
    for wrong, message in (
        (("--frame", "320"), "--frame is WIDTHxHEIGHT"),
        (("--frame", "32x320"), "from 64x64 up"),
        (("--source-weight", "fddb"), "--source-weight is SOURCE=W"),
        (("--source-weight", "fdbd=2"), "no training photo is of the source 'fdbd'; the sources are fddb"),
    ):
        with pytest.raises(UserError, match=message):
            _train(*common, "--out", str(photos / "wrong"), *wrong)
    chosen = ("--frame", "160x120", "--source-weight", "fddb=2.5", "--mosaics-until", "0.6")
    _train(*common, "--out", str(photos / "out"), *chosen)
    recipe = json.loads((photos / "out" / "best.json").read_text())
    expected = {"face_share": 0.8, "source_weights": {"fddb": 2.5}, "mosaics_until": 0.6, "size": [160, 120]}
    assert recipe["frames"] == expected
