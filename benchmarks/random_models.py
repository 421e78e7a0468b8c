"""The registered models in int8 with random weights, for figures that do not depend on training.

    python benchmarks/random_models.py face-b vww-mobilenet --cache ~/.cache/mcu-vision

Weights come from a fixed seed. Batch norm takes its statistics, and quantisation its ranges, from random
pictures with large structures, so that deep layers see activations of the usual size.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.table import Table
from torch import nn

import mcu_vision
from mcu_vision.errors import UserError
from mcu_vision.frontends.detector import attach_detector
from mcu_vision.frontends.torch_export import export_graph
from mcu_vision.ir import Graph
from mcu_vision.models.detector_spec import DetectorSpec
from mcu_vision.models.registry import MODELS, build_model
from mcu_vision.quantize import quantize_graph
from mcu_vision.reference import normalize_input
from mcu_vision.saved_model import load_graph, save_graph

CACHE = Path("~/.cache/mcu-vision/random-models")
IMAGES = 4
SOURCES = ("models", "frontends", "quantize")
"""Folders of the package that decide which model is made of a name."""

Images = npt.NDArray[np.uint8]


def smooth_images(spec: Any, count: int, seed: int = 0) -> Images:
    """Random images with large structures, uint8 (count, H, W, C); spec: a model's."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (count, -(-spec.height // 8), -(-spec.width // 8), spec.channels))
    fine = random.integers(-30, 31, (count, spec.height, spec.width, spec.channels))
    large = np.kron(coarse, np.ones((1, 8, 8, 1)))[:, : spec.height, : spec.width]
    return np.asarray(np.clip(large + fine, 0, 255), np.uint8)


def measure_batch_norm(model: nn.Module, images: Images) -> None:
    """Take the statistics from `images`, as training would: without, activations of deep layers vanish."""
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 1.0
    model.train()
    with torch.no_grad():
        model(torch.from_numpy(normalize_input(images)).permute(0, 3, 1, 2))
    model.eval()


def quantize_model(model: nn.Module, name: str, images: Images) -> Graph:
    """The int8 graph of `model`, which has a spec, calibrated on `images`; a detector gives boxes."""
    spec: Any = model.spec
    graph = export_graph(model, torch.zeros(1, spec.channels, spec.height, spec.width), name)
    if isinstance(spec, DetectorSpec):
        graph = attach_detector(graph, spec)
    return quantize_graph(graph, [normalize_input(images)])


def random_model(name: str, cache: Path, build: Callable[[], nn.Module] | None = None) -> Path:
    """File in the folder `cache` of the quantised model `name`: a registered one, or what `build` gives."""
    path = cache.expanduser() / f"{name}.{_fingerprint()}.int8.safetensors"
    if not path.is_file():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = build() if build else build_model(name)
        images = smooth_images(model.spec, IMAGES)
        measure_batch_norm(model, images)
        graph = quantize_model(model, name, images)
        graph.metadata["weights"] = "random"
        path.parent.mkdir(parents=True, exist_ok=True)
        save_graph(graph, path)
    return path


def _fingerprint() -> str:
    """Changes with the sources that make a random model."""
    package = Path(mcu_vision.__file__).parent
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(p for folder in SOURCES for p in (package / folder).glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def weights_bytes(graph: Graph) -> int:
    """Bytes of all constants."""
    return sum(tensor.size_bytes for tensor in graph.tensors.values() if tensor.data is not None)


def main() -> int:
    """Quantise models and print their sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help=f"some of {', '.join(MODELS)} (default: all)")
    parser.add_argument("--cache", type=Path, default=CACHE, help=f"folder of the int8 models (default: {CACHE})")
    parser.add_argument("--json", action="store_true", help="print a list of {name, macs, weights_bytes}")
    options = parser.parse_args()
    try:
        graphs = [load_graph(random_model(name, options.cache)) for name in options.models or MODELS]
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps([{"name": g.name, "macs": g.macs(), "weights_bytes": weights_bytes(g)} for g in graphs]))
        return 0
    table = Table("model", "MACs", "int8 weights, B")
    for graph in graphs:
        table.add_row(graph.name, f"{graph.macs():,}", f"{weights_bytes(graph):,}")
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
