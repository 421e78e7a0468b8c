"""Networks as Keras has them, quantised by TensorFlow's converter: every tensor has the reference kernels' bytes.

In the integer reference, and from there in the host's C and in the emulated firmware.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras_networks import LARGE, SMALL, WIDE, convert
from models import HOST_REGIONS, REGIONS, BuiltModel
from tflite_models import assert_every_tensor_equals, tf

from mcu_vision.ir import Graph
from mcu_vision.verify import verify_executions


def check(make: Callable[[], Any], folder: Path, emulated: bool, int16: bool = False) -> None:
    tf.keras.utils.set_random_seed(1)
    path = folder / "network.tflite"
    path.write_bytes(convert(make(), int16))
    random = np.random.default_rng(0)
    shape = tf.lite.Interpreter(str(path)).get_input_details()[0]["shape"]
    images = [random.integers(-128, 128, shape).astype(np.int8), random.choice([-128, 127], shape).astype(np.int8)]
    graph = assert_every_tensor_equals(path, images)
    check_executions(graph, [image.reshape(graph.input.shape) for image in images], folder, emulated)


def check_executions(graph: Graph, images: list[np.ndarray], folder: Path, emulated: bool) -> None:
    regions = REGIONS if emulated else HOST_REGIONS
    built = BuiltModel.generate(graph, folder, mode="auto" if emulated else "layers", regions=regions)
    outcome = verify_executions(built.program.graph, built.executions(emulated=emulated), images)
    assert outcome.equal, outcome.first_difference


def _mostly_slow(networks: dict[str, Callable[[], Any]], *fast: str) -> list[Any]:
    """Names of networks, of which few are tested in every run."""
    return [name if name in fast else pytest.param(name, marks=pytest.mark.slow) for name in networks]


@pytest.mark.parametrize("name", _mostly_slow(SMALL, "ResNet-8", "detector", "pyramid"))
def test_a_small_network_equals_the_reference_kernels(name: str, tmp_path: Path) -> None:
    check(SMALL[name], tmp_path, emulated=True)


@pytest.mark.parametrize("name", _mostly_slow(WIDE, "gated"))
def test_a_network_of_int16_activations_equals_the_reference_kernels(name: str, tmp_path: Path) -> None:
    check(WIDE[name], tmp_path, emulated=True, int16=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_a_keras_application_equals_the_reference_kernels(name: str, tmp_path: Path) -> None:
    check(LARGE[name], tmp_path, emulated=name != "MobileNetV3-small")
