"""Quantised graphs as ONNX models. Needs the package onnx (extra `onnx`)."""

from __future__ import annotations

from dataclasses import dataclass

from onnx import checker, helper

import mcu_vision.export.onnx.exact
import mcu_vision.export.onnx.exact_normalizing
import mcu_vision.export.onnx.operators
import mcu_vision.export.onnx.rnn_pool  # noqa: F401 - these register the exporters
from mcu_vision.errors import UserError
from mcu_vision.export.detections import without_detections
from mcu_vision.export.onnx.writer import EXACT, EXPORTERS, OPSET, OnnxWriter
from mcu_vision.ir import Graph

__all__ = ["OnnxExport", "export_onnx"]

IN_FLOAT = ("log_softmax",)
"""Operators without a form in integers."""
IR_VERSION = 8
"""Of ONNX 1.12, which brought operator set 17."""


@dataclass(frozen=True)
class OnnxExport:
    """data: the file. graph: what is in it. nodes: how many. notes: what is not as in `graph`."""

    data: bytes
    graph: Graph
    nodes: int
    notes: list[str]


def export_onnx(graph: Graph, exact: bool = True) -> OnnxExport:
    """Write a quantised graph: int8 in and out, channels last, as the firmware takes and gives them.

    exact: in the reference's integers, which has the same bytes. Else with the tensors' scales in QDQ form, for
    which runtimes have fast kernels, in float32 or with their own rounding: every operator may differ by one step in
    places, and a network by more. The decoding of boxes and their suppression are left out. Raises UserError if the
    graph is not quantised, or an operator cannot be written.
    """
    if not graph.quantized:
        raise UserError(f"model {graph.name} is not quantised: run `mcu-vision quantize` first")
    kept, notes = without_detections(graph)
    writer = OnnxWriter(kept)
    writer.notes += notes
    for op in kept.ops:
        exporter = EXACT.get(op.kind) if exact else None
        exporter = exporter or EXPORTERS.get(op.kind)
        if exporter is None:
            raise writer.refuse(op, "it has no counterpart there")
        exporter(writer, op)
        if exact and op.kind in IN_FLOAT:
            writer.notes.append(f"{op.kind} {op.name} is computed in float32, within one step of ours")
    for name in kept.outputs:
        writer.name_output(name)
    inputs, outputs = ([writer.describe(name) for name in names] for names in (kept.inputs, kept.outputs))
    body = helper.make_graph(writer.nodes, graph.name, inputs, outputs, writer.constants)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(body, opset_imports=opsets, producer_name="mcu-vision", ir_version=IR_VERSION)
    checker.check_model(model, full_check=True)
    return OnnxExport(model.SerializeToString(), kept, len(writer.nodes), writer.notes)
