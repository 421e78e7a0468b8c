"""A network of heads becomes a detector, float and quantised."""

from dataclasses import replace

import numpy as np
import pytest
from graphs import GraphBuilder

from mcu_vision.errors import UserError
from mcu_vision.frontends.detector import attach_detector
from mcu_vision.ir import Graph
from mcu_vision.models.detector_spec import DetectorLevel, DetectorSpec
from mcu_vision.ops import DecodeBoxes, NonMaxSuppression
from mcu_vision.reference import run_graph

SPEC = DetectorSpec(
    width=32,
    height=24,
    channels=1,
    levels=(DetectorLevel(4, 8.0, 3), DetectorLevel(8, 16.0)),
    score_threshold=0.4,
    iou_threshold=0.2,
)


def heads() -> Graph:
    build = GraphBuilder("heads", (24, 32, 1))
    x = build.conv("image", 6, 3, 4)
    y = build.conv(x, 6, 3, 2)
    return build.finish(*(build.conv(t, n, activation="none") for t, n in ((x, 4), (x, 4), (y, 4), (y, 2))))


def test_levels_become_operators() -> None:
    before = heads()
    graph = attach_detector(before, SPEC, top_k=10, max_boxes=7)
    first, second, nms = graph.ops[-3:]
    assert isinstance(first, DecodeBoxes)
    assert isinstance(second, DecodeBoxes)
    assert isinstance(nms, NonMaxSuppression)
    assert (first.stride, first.anchors, first.backgrounds, first.image) == (4, (8,), 3, (24, 32))
    assert (second.stride, second.anchors, second.backgrounds) == (8, (16,), 1)
    assert (first.min_score, nms.iou_threshold) == (0.4, 0.2)
    assert first.inputs == before.outputs[:2]
    assert graph.metadata["task"] == "detect"
    assert DetectorSpec.from_json(graph.metadata["detector"]) == SPEC
    assert len(before.ops) == 6, "the argument stays as it was"
    image = np.random.default_rng(0).integers(-128, 128, (24, 32, 1)).astype(np.int8)
    boxes = run_graph(graph, image)["boxes"]
    assert boxes.shape == (1, 7, 5)
    assert boxes.dtype == np.int16


def test_a_spec_that_does_not_fit() -> None:
    with pytest.raises(UserError, match="4 outputs, but 1 detection levels"):
        attach_detector(heads(), replace(SPEC, levels=SPEC.levels[:1]))
    with pytest.raises(UserError, match="anchors need"):
        attach_detector(heads(), replace(SPEC, levels=SPEC.levels[::-1]))
    with pytest.raises(UserError, match="whole pixels"):
        attach_detector(heads(), replace(SPEC, levels=(DetectorLevel(4, 8.5, 3), SPEC.levels[1])))
