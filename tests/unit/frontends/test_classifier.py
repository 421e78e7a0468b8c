"""A classifier deployed with a softmax gives the probabilities of its logits, float and int8."""

import numpy as np
import torch

from mcu_vision.cli.torch_models import export_model
from mcu_vision.evaluate.wake_word_accuracy import person_score
from mcu_vision.models.registry import build_model, shipped_weights
from mcu_vision.quantize import quantize_graph
from mcu_vision.reference import normalize_input, quantize_input, run_graph


def test_wake_words_end_in_probabilities():
    graph = export_model("vww-rnnpool", None)
    frame = np.random.default_rng(0).integers(0, 256, graph.input.shape[1:]).astype(np.uint8)
    pixels = normalize_input(frame)
    with torch.no_grad():
        logits = build_model("vww-rnnpool", shipped_weights("vww-rnnpool"))(
            torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None]
        )
    expected = logits.softmax(1)[0].numpy()
    found = run_graph(graph, pixels)[graph.outputs[0]][0]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert abs(person_score(graph)(found) - expected[1]) < 1e-4
    quantized = quantize_graph(graph, [pixels])
    output = run_graph(quantized, quantize_input(frame))[quantized.outputs[0]]
    assert abs(person_score(quantized)(output) - expected[1]) < 0.05
