"""Every registered model from torch to generated C: the float graph equals torch, the C the integer reference."""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from models import HOST_REGIONS, BuiltModel, noise_images
from PIL import Image
from random_models import measure_batch_norm, quantize_model, smooth_images
from torch import nn

from mcu_vision.frontends.torch_export import export_graph
from mcu_vision.ir import Array, Graph
from mcu_vision.models.detector import FaceDetector
from mcu_vision.models.mobilenet_v1 import MobileNetV1
from mcu_vision.models.mobilenet_v2 import mobilenet_v2
from mcu_vision.models.registry import MODELS, build_model
from mcu_vision.models.visual_wake_words import WakeWordNet
from mcu_vision.reference import normalize_input, quantize_input, run_graph
from mcu_vision.saved_model import load_graph
from mcu_vision.verify import verify_executions

SMALL = {"face-m4": (96, 64), "face-m4-wide": (128, 96), "face-quant": (160, 128), "cht-det-mcu": (64, 64)}
"""Width and height at which the levels of a detector still hold maps of several cells."""
CLASSIFIERS: dict[str, Callable[[], nn.Module]] = {
    "vww-rnnpool": partial(WakeWordNet, 96, late_expansion=4),
    "vww-rnnpool-224": partial(WakeWordNet, 112),
    "vww-rnnpool2": partial(WakeWordNet, 96, pools=2),
    "vww-mobilenet": MobileNetV1,
    "vww-mobilenet-friendly": partial(MobileNetV1, friendly=True),
    "mobilenetv2-035": partial(mobilenet_v2, 64),
    "mobiledet-mcu": partial(build_model, "mobiledet-mcu"),
}
FITTING = ("face-m4", *CLASSIFIERS, "cht-det-mcu", "card-det")


def small_model(name: str) -> nn.Module:
    """The model with fresh weights and a smaller input."""
    if name in CLASSIFIERS:
        torch.manual_seed(0)
        return CLASSIFIERS[name]().eval()
    model = build_model(name)
    width, height = SMALL.get(name, (96, 64))
    # Some fresh heads say that objects are rare: a threshold under their scores, so that boxes are compared.
    threshold = 0.1 if isinstance(model, FaceDetector) else 0.005
    model.spec = replace(model.spec, width=width, height=height, score_threshold=threshold)
    return model


def to_torch(images: Array) -> torch.Tensor:
    return torch.from_numpy(normalize_input(images)).permute(0, 3, 1, 2)


def export(model: nn.Module, name: str) -> Graph:
    spec: Any = model.spec
    return export_graph(model, torch.zeros(1, spec.channels, spec.height, spec.width), name)


@pytest.mark.parametrize("name", MODELS)
def test_float_graph_equals_torch(name: str) -> None:
    model = small_model(name)
    images = smooth_images(model.spec, 4)
    measure_batch_norm(model, images)
    with torch.no_grad():
        outputs = model(to_torch(images[:2]))
    graph = export(model, name)
    results = run_graph(graph, normalize_input(images[:2]))
    expected = outputs if isinstance(outputs, tuple) else (outputs,)
    assert len(expected) == len(graph.outputs)
    for tensor, output in zip(expected, graph.outputs, strict=True):
        nhwc = tensor.permute(0, 2, 3, 1) if tensor.dim() == 4 else tensor
        np.testing.assert_allclose(results[output], nhwc.numpy(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_host_code_equals_the_reference(name: str, tmp_path: Path) -> None:
    model = small_model(name)
    images = smooth_images(model.spec, 4)
    measure_batch_norm(model, images)
    graph = quantize_model(model, name, images)
    runs = BuiltModel.generate(graph, tmp_path, "stream", HOST_REGIONS).executions()
    inputs = [quantize_input(images[0]), *noise_images(graph, 1)]
    outcome = verify_executions(graph, runs, inputs)
    assert outcome.equal, outcome.first_difference
    tensors = runs["reference"](inputs[0])
    # A map of one cell and two logits may hold two equal ones.
    constant = [name for name, values in tensors.items() if values.size > 2 and values.min() == values.max()]
    assert not constant, "a constant tensor compares nothing"


@pytest.mark.parametrize("name", ["face-a", "face-quant"])
def test_vanishing_activations_of_untrained_weights(name: str, tmp_path: Path) -> None:
    """The heads' biases are then 2**29 steps of their products and more."""
    model = small_model(name)
    images = smooth_images(model.spec, 2)
    graph = quantize_model(model, name, images)
    runs = BuiltModel.generate(graph, tmp_path, "layers", HOST_REGIONS).executions()
    outcome = verify_executions(graph, runs, [quantize_input(images[0])])
    assert outcome.equal, outcome.first_difference


def documented_models() -> dict[str, list[str]]:
    """The table of docs/models.md: name to the cells after it."""
    text = (Path(__file__).parents[3] / "docs" / "models.md").read_text().split("## ")[0]
    return {name: rest.split(" | ") for name, rest in re.findall(r"^\| `([\w-]+)` \| (.*) \|$", text, re.MULTILINE)}


def test_documentation_lists_every_model() -> None:
    rows = documented_models()
    assert list(rows) == list(MODELS)
    for name, (_, size, parameters, *_) in rows.items():
        model = build_model(name)
        spec: Any = model.spec
        assert size == f"{spec.width}x{spec.height}x{spec.channels}"
        assert parameters == f"{sum(p.numel() for p in model.parameters()):,}"


def mcu_vision(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from mcu_vision.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def quantized(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All models as they are, through the command line, on two noise images."""
    folder = tmp_path_factory.mktemp("quantized")
    for index in range(2):
        pixels = np.random.default_rng(index).integers(0, 256, (120, 160, 3), np.uint8)
        Image.fromarray(pixels).resize((640, 480)).save(folder / f"{index}.png")
    files = {name: folder / f"{name}.safetensors" for name in MODELS}
    for name, file in files.items():
        result = mcu_vision("quantize", name, "--calibrate", folder, "--out", file, "--json")
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["images"] == 2
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 4 << 20, "kilobytes"
    return files


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_full_size_on_the_host(name: str, quantized: dict[str, Path], tmp_path: Path) -> None:
    graph = load_graph(quantized[name])
    weights = sum(t.size_bytes for t in graph.tensors.values() if t.data is not None)
    assert documented_models()[name][3:5] == [f"{graph.macs():,}", f"{weights:,} B"]
    runs = BuiltModel.generate(graph, tmp_path, "stream", HOST_REGIONS).executions()
    outcome = verify_executions(graph, runs, noise_images(graph, 1))
    assert outcome.equal, outcome.first_difference


@pytest.mark.slow
@pytest.mark.parametrize("name", FITTING)
def test_firmware_of_models_that_fit(name: str, quantized: dict[str, Path], tmp_path: Path) -> None:
    arguments = ("--model", quantized[name], "--toolchain", "zig", "--build-dir", tmp_path / "build", "--json")
    result = mcu_vision("verify", "--images", 1, *arguments)
    assert result.returncode == 0, result.stderr + result.stdout
    assert json.loads(result.stdout)["executions"] == ["reference", "host", "emulated"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in MODELS if n not in FITTING])
def test_what_does_not_fit_is_explained_and_builds_nothing(
    name: str, quantized: dict[str, Path], tmp_path: Path
) -> None:
    result = mcu_vision("build", "--model", quantized[name], "--build-dir", tmp_path / "build")
    assert result.returncode == 2
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []
    expected = (
        rf"error: {name} needs [\d,]+ B of RAM at step \d+ \((?:backbone\.)?stages[\w.]+, row \d+\), "
        r"but [\d,]+ B are free for its arena \(sram [\d,]+, ccm [\d,]+\); largest there: "
        r"x \([\d,]+ B\), .* \([\d,]+ B\); an image smaller than 640 x 480 x 3, "
        r"or its rows one by one \(--input rows\), would help\n"
    )
    assert re.fullmatch(expected, result.stderr), result.stderr
