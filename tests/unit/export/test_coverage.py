"""Every operator that a quantised model can have is written in every format."""

from pathlib import Path

import pytest
from graphs import GraphBuilder
from onnx_export import largest_steps
from tflite_export import check_export
from tflite_models import random_images

from mcu_vision import ops
from mcu_vision.export.detections import DETECTION
from mcu_vision.export.onnx.writer import EXACT
from mcu_vision.export.onnx.writer import EXPORTERS as ONNX
from mcu_vision.export.tflite.writer import EXPORTERS as TFLITE

FLOAT = {"scale_channels", "unary"}
PLANNED = {"expand_depthwise", "inverted_bottleneck", "read_rows"}
"""Operators that the planner alone makes, in a graph that nobody saves."""


@pytest.mark.parametrize("exporters", [TFLITE, ONNX], ids=["tflite", "onnx"])
def test_no_operator_is_forgotten(exporters: dict[str, object]) -> None:
    kinds = {getattr(ops, name).kind for name in ops.__all__}
    wide = {kind for kind in kinds if kind.endswith("_int16")}  # of networks that come as .tflite
    assert kinds - wide - FLOAT - PLANNED - set(DETECTION) == exporters.keys()
    assert EXACT.keys() <= ONNX.keys()


def test_strips_and_vectors_that_are_joined(tmp_path: Path) -> None:
    build = GraphBuilder("joined", (6, 5, 4))
    same = build.graph.tensors["image"].quantization
    strips = build.simple(ops.Join, "image", "image", quantization=same)
    vectors = [build.simple(ops.Mean, x, quantization=same) for x in ("image", strips)]
    graph = build.finish(strips, build.simple(ops.Join, *vectors, quantization=same))
    images = random_images(graph, 0)
    check_export(graph, images, tmp_path)
    assert set(largest_steps(graph, images, exact=True).values()) == {0}
