"""Running graphs with the references."""

import numpy as np
import pytest
from graphs import tiny_classifier

from mcu_vision.errors import UserError
from mcu_vision.reference import normalize_input, quantize_input, run_graph


def test_outputs_alone_or_every_activation() -> None:
    graph = tiny_classifier()
    image = np.zeros(graph.input.shape, np.int8)
    everything = run_graph(graph, image, keep_all=True)
    assert set(everything) == {t.name for t in graph.tensors.values() if t.data is None}
    outputs = run_graph(graph, image)
    assert list(outputs) == list(graph.outputs)
    np.testing.assert_array_equal(outputs[graph.outputs[0]], everything[graph.outputs[0]])


def test_a_batch_gives_what_its_images_give() -> None:
    graph = tiny_classifier()
    images = np.random.default_rng(0).integers(-128, 128, (3, *graph.input.shape[1:])).astype(np.int8)
    together = run_graph(graph, images)[graph.outputs[0]]
    for index, image in enumerate(images):
        np.testing.assert_array_equal(together[index], run_graph(graph, image)[graph.outputs[0]][0])


def test_images_that_do_not_fit() -> None:
    graph = tiny_classifier()
    with pytest.raises(UserError, match="takes int8 images"):
        run_graph(graph, np.zeros((17, 18, 3), np.int8))
    with pytest.raises(UserError, match="takes int8 images"):
        run_graph(graph, np.zeros((17, 19, 3), np.float32))
    with pytest.raises(UserError, match="uint8"):
        quantize_input(np.zeros((17, 19, 3), np.int8))


def test_inputs_of_both_graphs() -> None:
    pixels = np.array([0, 127, 128, 255], np.uint8).reshape(2, 2, 1)
    assert quantize_input(pixels).ravel().tolist() == [-128, -1, 0, 127]
    assert quantize_input(pixels).shape == (1, 2, 2, 1)
    assert normalize_input(pixels).ravel().tolist() == pytest.approx([0, 127 / 255, 128 / 255, 1])
