"""mcu-vision quantize: registered models and a user's own module, and what can go wrong."""

import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_runner import Cli
from PIL import Image

from mcu_vision.models.registry import build_model
from mcu_vision.models.weights_file import save_weights
from mcu_vision.saved_model import load_graph

OWN_NET = """
from torch import nn
from parts import CHANNELS

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, CHANNELS, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(CHANNELS * 49, 3))

    def forward(self, x):
        return self.layers(x)
"""
FACE_M4 = ("quantize", "face-m4", "--input", "96x64x1", "--calibrate", "photos", "--out", "out.safetensors")


@pytest.fixture
def photos(cli: Cli) -> Path:
    """A folder of three photos."""
    folder = cli.folder / "photos"
    folder.mkdir()
    random = np.random.default_rng(0)
    for index in range(3):
        Image.fromarray(random.integers(0, 256, (60, 90, 3), np.uint8)).save(folder / f"{index}.png")
    return folder


@pytest.fixture
def own_net(cli: Cli) -> Path:
    """A Python file with a module, that imports its neighbour."""
    (cli.folder / "parts.py").write_text("CHANNELS = 4\n")
    path = cli.folder / "net.py"
    path.write_text(OWN_NET)
    return path


def test_a_registered_model(cli: Cli, photos: Path) -> None:
    summary = cli.json(*FACE_M4, "--limit", "2")
    graph = load_graph(cli.folder / "out.safetensors")
    assert summary == {
        "model": "face-m4",
        "out": "out.safetensors",
        "input": [96, 64, 1],
        "macs": graph.macs(),
        "weights_bytes": sum(t.size_bytes for t in graph.tensors.values() if t.data is not None),
        "weights": "given",
        "images": 2,
    }
    assert cli.errors == ""
    assert graph.input.shape == (1, 64, 96, 1)
    assert graph.metadata["detector"]["width"] == 96
    weights = cli.folder / "weights.safetensors"
    save_weights(weights, build_model("face-m4", seed=1), {})
    assert cli.json(*FACE_M4, "--weights", str(weights))["weights"] == "given"
    assert cli.errors == ""


def test_random_weights_are_named_as_such(cli: Cli, photos: Path) -> None:
    arguments = ("face-a", "--input", "96x64x3", "--calibrate", "photos", "--out", "q.safetensors", "--limit", "1")
    assert cli.json("quantize", *arguments)["weights"] == "random"
    assert "random" in cli.errors
    assert load_graph(cli.folder / "q.safetensors").metadata["weights"] == "random"


def test_a_long_path_is_not_broken(cli: Cli, photos: Path) -> None:
    path = cli.folder / ("long-" * 40) / "out[1].safetensors"
    text = cli(*FACE_M4[:-1], str(path), "--limit", "1")
    assert f"mcu-vision build --model {path}\n" in text


def test_a_module_of_ones_own_runs_on_the_board(cli: Cli, photos: Path, own_net: Path) -> None:
    arguments = ("net.py:Net", "--input", "16x16x1", "--calibrate", "photos", "--out", "net.safetensors")
    assert cli.json("quantize", *arguments)["model"] == "Net"
    result = cli.json("run", "photos/0.png", "--model", "net.safetensors", "--toolchain", "zig")
    assert len(result["scores"]) == 3
    assert "class 2" in cli("run", "photos/0.png", "--model", "net.safetensors", "--toolchain", "zig")


def test_faults_of_ones_own_module(cli: Cli, photos: Path, own_net: Path) -> None:
    own_net.write_text(
        OWN_NET + "def fails():\n    return undefined\n\ndef number():\n    return 3\n\nready = nn.Softsign()\n"
    )
    (cli.folder / "broken.py").write_text("import nosuch\n")
    faults = {
        "net.py": "as in net.py:MyNet",
        "none.py:Net": "no file none.py",
        "broken.py:Net": r"broken.py cannot be imported: ModuleNotFoundError: No module named 'nosuch' \(line 1\)",
        "net.py:Nothing": "net.py has no function or class 'Nothing'",
        "net.py:number": "gives int, not a torch.nn.Module",
        "net.py:fails": r"net.py:fails\(\) fails: NameError: name 'undefined' is not defined \(line 13\)",
        "net.py:ready": "aten.div.Tensor by an activation is not supported",
        "net.py:Net": r"Net fails for an image \[1, 1, 32, 32\]: mat1 and mat2 .* at net.py:11",
    }
    for model, expected in faults.items():
        arguments = ("quantize", model, "--input", "32x32x1", "--calibrate", "photos", "--out", "o")
        message = cli.error(*arguments)
        assert re.search(expected, message), message
    message = cli.error("quantize", "net.py:Net", "--calibrate", "photos", "--out", "o")
    assert "add --input" in message
    assert not (cli.folder / "o").exists()


def test_user_faults(cli: Cli, photos: Path) -> None:
    (cli.folder / "empty").mkdir()
    shutil.copytree(photos, cli.folder / "damaged")
    damaged = cli.folder / "damaged" / "2.png"
    damaged.write_bytes(damaged.read_bytes()[:2000])
    (cli.folder / "file").write_text("text")
    save_weights(cli.folder / "other.safetensors", build_model("vww-rnnpool"), {})
    faults = {
        "unknown model 'face-z'; choose one of face-m4": ("face-z", *FACE_M4[2:]),
        "no photos in empty": (*FACE_M4[1:4], "--calibrate", "empty", "--out", "o"),
        "no photo or folder none": (*FACE_M4[1:4], "--calibrate", "none", "--out", "o"),
        "cannot read the photo damaged/2.png": (*FACE_M4[1:4], "--calibrate", "damaged", "--out", "o"),
        "empty is a folder": (*FACE_M4[1:6], "--out", "empty"),
        "cannot write file/out": (*FACE_M4[1:6], "--out", "file/out"),
        "weights none are missing": (*FACE_M4[1:], "--weights", "none"),
        "weights file are no safetensors file": (*FACE_M4[1:], "--weights", "file"),
        "do not fit the model: stages.0.0.0.weight is missing": (*FACE_M4[1:], "--weights", "other.safetensors"),
        "--input is WIDTHxHEIGHTxCHANNELS": ("face-m4", "--input", "96x64", *FACE_M4[4:]),
        "--method must be one of": (*FACE_M4[1:], "--method", "max"),
    }
    for expected, arguments in faults.items():
        cli("quantize", *arguments, code=2)
        assert expected in cli.errors.strip().splitlines()[-1]
    assert not (cli.folder / "o").exists()
    assert not (cli.folder / "out.safetensors").exists()


def test_without_torch(cli: Cli, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "pip install 'mcu-vision[train]'" in cli.error(*FACE_M4)
