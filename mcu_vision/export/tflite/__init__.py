"""Quantised graphs as .tflite files, written without tensorflow."""

from __future__ import annotations

from dataclasses import dataclass

import mcu_vision.export.tflite.elementwise
import mcu_vision.export.tflite.group_norm
import mcu_vision.export.tflite.layers
import mcu_vision.export.tflite.movement
import mcu_vision.export.tflite.rnn_pool  # noqa: F401 - these register the exporters
from mcu_vision.errors import UserError
from mcu_vision.export.detections import without_detections
from mcu_vision.export.tflite.labels import pack_labels
from mcu_vision.export.tflite.writer import EXPORTERS, GraphWriter
from mcu_vision.ir import Graph

__all__ = ["TfliteExport", "export_tflite"]


@dataclass(frozen=True)
class TfliteExport:
    """data: the file. graph: what is in it. operators, composites: how many. notes: what is not as in `graph`."""

    data: bytes
    graph: Graph
    operators: int
    composites: int
    notes: list[str]


def export_tflite(graph: Graph) -> TfliteExport:
    """Write a quantised graph with built-in operators, equal in bytes in the reference interpreter.

    What has none is a STABLEHLO_COMPOSITE named mcu_vision.KIND over a subgraph of built-in operators. The decoding
    of boxes and their suppression are left out. Raises UserError if the graph is not quantised, or an operator
    cannot be written.
    """
    if not graph.quantized:
        raise UserError(f"model {graph.name} is not quantised: run `mcu-vision quantize` first")
    kept, notes = without_detections(graph)
    writer = GraphWriter(kept)
    writer.notes += notes
    writer.main.inputs = [writer.value(name) for name in kept.inputs]
    for op in kept.ops:
        if op.kind not in EXPORTERS:
            raise writer.refuse(op, "it has no counterpart there")
        EXPORTERS[op.kind](writer, op)
    writer.main.outputs = [writer.value(name) for name in kept.outputs]
    composites = len(writer.file.subgraphs) - 1
    data = writer.file.to_bytes() + pack_labels(kept.metadata.get("labels", []))
    return TfliteExport(data, kept, writer.main.operators, composites, writer.notes)
