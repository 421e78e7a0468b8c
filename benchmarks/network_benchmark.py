"""Whole networks by which kernels and planner are compared: goals, peers, and how each is measured."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlperf_models import DsCnn, ResNet8
from prune_pooling import write_pruned
from random_models import random_model
from torch import nn

from mcu_vision.cli.pipeline import build_model
from mcu_vision.plan import PlanOptions

PERSON_DETECT = Path(__file__).resolve().parent.parent / "tests" / "data" / "person_detect" / "person_detect.tflite"


@dataclass(frozen=True)
class Network:
    """goal, aim: most millions of (instructions, cycles without wait states); peers: what others need."""

    name: str
    find: Callable[[Path], str]
    goal: tuple[float, float | None]
    aim: tuple[float, float | None]
    peers: str


def _random(name: str, build: Callable[[], nn.Module] | None = None) -> Callable[[Path], str]:
    return lambda cache: str(random_model(name, cache, build))


def _sparse_pool(cache: Path) -> str:
    folder = cache.expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    return str(write_pruned("face-m4", folder / "face-m4-sparse.int8.safetensors"))


NETWORKS = (
    Network(
        "face-m4", lambda _: "face-m4", (75, 110), (60, 84), "EdgeML 1,055 / 1,403 M; 10.45 s published (RNNPool paper)"
    ),
    Network("face-m4-sparse", _sparse_pool, (60, 90), (48, 70), ""),
    Network("person_detect", lambda _: str(PERSON_DETECT), (7.5, None), (6.3, None), "TFLM + CMSIS-NN 22.9 / 27.4 M"),
    Network("vww-mobilenet", _random("vww-mobilenet"), (7.3, 11.5), (6.2, 9.5), "TFLM + CMSIS-NN 24.1 / 29.0 M"),
    Network(
        "resnet-8",
        _random("resnet-8", ResNet8),
        (7, 10.5),
        (5.5, 8.5),
        "TFLM + CMSIS-NN 29.9 / 36.5 M; X-CUBE-AI 19.8 M cycles published",
    ),
    Network(
        "ds-cnn",
        _random("ds-cnn", DsCnn),
        (2.7, 4.3),
        (2.2, 3.4),
        "TFLM + CMSIS-NN 7.7 / 9.2 M; X-CUBE-AI 5.2 M cycles published",
    ),
)


def measure(network: Network, toolchain: str, cache: Path) -> dict[str, Any]:
    """The summary of its build."""
    with tempfile.TemporaryDirectory() as folder:
        options = PlanOptions(optimize="time")
        return build_model(network.find(cache), "stm32f439", toolchain, Path(folder), options).summary
