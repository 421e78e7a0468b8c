"""An imported network runs alike in TensorFlow Lite, in the integer reference, on the host and on the board."""

from __future__ import annotations

from pathlib import Path

from models import BuiltModel
from tflite_models import TfliteModel, assert_equal_to_reference, import_bytes, random_images
from tflite_networks import autoencoder, int16_activations, many_operators

from mcu_vision.ir import Graph
from mcu_vision.verify import verify_executions


def _check(data: bytes, folder: Path) -> Graph:
    graph = import_bytes(data, folder, "network")
    images = random_images(graph, 1)
    assert_equal_to_reference(data, graph, images)
    built = BuiltModel.generate(graph, folder)
    outcome = verify_executions(built.program.graph, built.executions(emulated=True), images)
    assert outcome.equal, outcome.first_difference
    return graph


def test_a_network_of_many_operators(tmp_path: Path) -> None:
    _check(many_operators(), tmp_path)


def test_an_autoencoder_of_dense_layers(tmp_path: Path) -> None:
    assert _check(autoencoder(), tmp_path).input.shape == (1, 1, 64, 1)


def test_int16_activations(tmp_path: Path) -> None:
    graph = _check(int16_activations(), tmp_path)
    assert graph.input.dtype == "int8"
    assert {graph.tensors[name].dtype for name in graph.outputs} == {"int16"}


def test_an_embedding_is_normalised(tmp_path: Path) -> None:
    """L2_NORMALIZATION of a vector, as models that compare faces end."""
    model = TfliteModel()
    x, y = model.tensor([1, 10], 0.05, -3), model.tensor([1, 10], 1 / 128, 0)
    model.op("L2_NORMALIZATION", [x], [y], "L2NormOptions")
    _check(model.to_bytes([x], [y]), tmp_path)
