"""What an exported ONNX model gives in onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import onnxruntime

from mcu_vision.export.detections import without_detections
from mcu_vision.export.onnx import export_onnx
from mcu_vision.ir import Array, Graph
from mcu_vision.reference import run_graph

LEVELS = onnxruntime.GraphOptimizationLevel


def run_onnx(data: bytes, image: Array, optimized: bool = False) -> list[Array]:
    """The outputs for one image; optimised: with operators fused to integer ones."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = LEVELS.ORT_ENABLE_ALL if optimized else LEVELS.ORT_DISABLE_ALL
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return list(session.run(None, {session.get_inputs()[0].name: image}))


def assert_equal_outputs(graph: Graph, images: Sequence[Array]) -> None:
    """The exact form of a whole network has the integer reference's bytes, as written and optimised."""
    exported = export_onnx(graph)
    for image in images:
        expected = run_graph(exported.graph, image)
        for optimized in (False, True):
            results = run_onnx(exported.data, image, optimized)
            for name, result in zip(exported.graph.outputs, results, strict=True):
                np.testing.assert_array_equal(result, expected[name], name)


def largest_steps(
    graph: Graph, images: Sequence[Array], optimized: bool = False, exact: bool = False
) -> dict[str, int]:
    """For each operator, how many steps its output is at most from the integer reference of the same inputs."""
    graph, _ = without_detections(graph)
    written = tuple(op.outputs[0] for op in graph.ops)
    exported = export_onnx(replace(graph, outputs=written), exact)
    steps = dict.fromkeys(written, 0)
    for image in images:
        values = dict(zip(written, run_onnx(exported.data, image, optimized), strict=True))
        values |= {name: t.data for name, t in graph.tensors.items() if t.data is not None}
        values[graph.input.name] = image
        for op in graph.ops:
            expected = op.reference_int8(graph, *(values[name] for name in op.inputs)).astype(np.int64)
            steps[op.outputs[0]] = max(steps[op.outputs[0]], int(np.abs(expected - values[op.outputs[0]]).max()))
    return steps
