"""A graph made to report weak boxes reports those of the product, and more."""

import numpy as np
import pytest
from graphs import tiny_classifier, tiny_detector

from mcu_vision.errors import UserError
from mcu_vision.evaluate.evaluation_graph import report_weak_boxes
from mcu_vision.ops import DecodeBoxes
from mcu_vision.reference import run_graph


def test_weak_boxes_come_on_top_of_the_strong_ones() -> None:
    graph = tiny_detector(3)
    for op in graph.ops:
        if isinstance(op, DecodeBoxes):
            op.min_score = 0.5
    weak = report_weak_boxes(graph, min_score=0.01, top_k=500, max_boxes=500)
    image = np.random.default_rng(0).integers(-128, 128, graph.input.shape).astype(np.int8)
    before = run_graph(graph, image)[graph.outputs[0]][0]
    after = run_graph(weak, image)[weak.outputs[0]][0]
    assert after.shape == (500, 5)
    before, after = before[before[:, 4] > 0], after[after[:, 4] > 0]
    assert 0 < len(before) < len(after)
    np.testing.assert_array_equal(after[: len(before)], before)


def test_the_original_is_left_alone() -> None:
    graph = tiny_detector()
    before = str(graph)
    report_weak_boxes(graph)
    assert str(graph) == before


def test_a_classifier_is_a_user_error() -> None:
    with pytest.raises(UserError, match="no detector"):
        report_weak_boxes(tiny_classifier())
