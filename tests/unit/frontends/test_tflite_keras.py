"""Networks as Keras has them, quantised by TensorFlow's converter, give the reference kernels' bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflite_models import assert_equal_to_reference, import_bytes, random_images, tf

SHAPE = (96, 96, 3)


def _application(name: str, **options: Any) -> Callable[[], Any]:
    def make() -> Any:
        return getattr(tf.keras.applications, name)(input_shape=SHAPE, weights=None, classes=10, **options)

    return make


NETWORKS = {
    "MobileNetV1": _application("MobileNet", alpha=0.25),
    "MobileNetV2": _application("MobileNetV2", alpha=0.35),
    "MobileNetV3-small": _application("MobileNetV3Small", alpha=0.75, include_preprocessing=False),
}


def _images(count: int) -> Iterator[list[np.ndarray]]:
    random = np.random.default_rng(0)
    for _ in range(count):
        yield [random.uniform(-1, 1, (1, *SHAPE)).astype(np.float32)]


def _convert(network: Any) -> bytes:
    """int8, after batch norm has taken the statistics of noise, so that activations have the usual size."""
    for layer in network.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            layer.momentum = 0.0
    network(np.concatenate([image for (image,) in _images(16)]), training=True)
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _images(8)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    data: bytes = converter.convert()
    return data


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_keras_network_equals_the_reference_kernels(name: str, tmp_path: Path) -> None:
    tf.keras.utils.set_random_seed(1)
    data = _convert(NETWORKS[name]())
    graph = import_bytes(data, tmp_path)
    assert_equal_to_reference(data, graph, random_images(graph, 0, 2))
