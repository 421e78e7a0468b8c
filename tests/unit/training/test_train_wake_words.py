"""`mcu-vision train` for a wake-word model, from train.csv to weights."""

import csv
import json
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from typer.testing import CliRunner

from mcu_vision.cli import app
from mcu_vision.errors import UserError
from mcu_vision.models.registry import build_model


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    rows = []
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for index in range(12):
            label = index % 2
            pixels = rng.integers(0, 120, (40, 50, 3)).astype(np.uint8) + np.uint8(120 * label)
            path = tmp_path / f"{index}.png"
            Image.fromarray(pixels).save(path)
            archive.write(path, path.name)
            split = "val" if index < 4 else "train"
            rows.append(["images.zip", path.name, label, split, "drawn", "gt", 0.1 + 0.8 * label])
    with (tmp_path / "train.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["shard", "file", "label", "split", "source", "label_kind", "teacher_vww"])
        writer.writerows(rows)
    return tmp_path


def _train(*arguments):
    result = CliRunner().invoke(app, ["train", *arguments], catch_exceptions=True)
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_train_resume_and_load(photos):
    out = photos / "out"
    common = ["vww-rnnpool", "--data", str(photos), "--out", str(out), "--batch", "4", "--input", "64"]
    common += ["--cache", str(photos / "cache"), "--json"]
    first = _train(*common, "--epochs", "1")
    assert first["epoch"] == 1
    assert {"accuracy", "auc", "annotated_accuracy", "annotated_auc"} <= first.keys()
    build_model("vww-rnnpool", out / "best.safetensors")
    recipe = json.loads((out / "best.json").read_text())
    assert recipe["input"] == 64
    assert recipe["drawing"]["teacher_weight"] == 0.7
    with pytest.raises(UserError, match="holds an earlier run"):
        _train(*common, "--epochs", "2")
    assert _train(*common, "--epochs", "2", "--resume")["epoch"] == 2
    assert len(list((photos / "cache").glob("*.npy"))) == 2
    start = ["--start", str(out / "best.safetensors"), "--lr", "1e-9", "--quantization-aware"]
    again = photos / "again"
    _train(*common[:3], "--out", str(again), *common[5:], "--epochs", "1", *start)
    before, after = (load_file(folder / "best.safetensors") for folder in (out, again))
    name = "classifier.weight"
    assert torch.allclose(before[name], after[name], atol=1e-6)
    assert json.loads((again / "best.json").read_text())["options"]["quantization_aware"]


def test_wrong_data_is_one_line(photos):
    with pytest.raises(UserError, match=r"train\.csv is missing"):
        _train("vww-rnnpool", "--data", str(photos / "cache"), "--json")
    with pytest.raises(UserError, match="unknown model"):
        _train("vww", "--data", str(photos), "--json")
    with pytest.raises(UserError, match="does not take an input"):
        _train("vww-rnnpool2", "--data", str(photos), "--input", "64", "--json")
