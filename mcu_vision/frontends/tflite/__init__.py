"""Import of int8 .tflite files, without tensorflow, as quantised graphs.

Whatever is wrong with a file, it gives one UserError: every offset is checked before it is followed
(flatbuffer.py), every index, type and shape before it is used.
"""

from __future__ import annotations

import re
from math import prod
from pathlib import Path

import numpy as np

import mcu_vision.frontends.tflite.blocks
import mcu_vision.frontends.tflite.composites
import mcu_vision.frontends.tflite.curves
import mcu_vision.frontends.tflite.elementwise
import mcu_vision.frontends.tflite.layers
import mcu_vision.frontends.tflite.movement
import mcu_vision.frontends.tflite.normalizing
import mcu_vision.frontends.tflite.pooling
import mcu_vision.frontends.tflite.tables  # noqa: F401 - these register the importers
from mcu_vision.errors import UserError
from mcu_vision.frontends.tflite.builder import GraphBuilder, Unsupported, check
from mcu_vision.frontends.tflite.edges import bind_inputs, bind_outputs
from mcu_vision.frontends.tflite.flatbuffer import Malformed
from mcu_vision.frontends.tflite.labels import read_labels
from mcu_vision.frontends.tflite.registry import IMPORTERS, INT16
from mcu_vision.frontends.tflite.schema import FileModel, FileOperator, read_file_model
from mcu_vision.ir import Graph

__all__ = ["import_tflite", "import_tflite_tensors"]

SHAPE_INPUTS = {
    "BROADCAST_TO": 1,
    "RESHAPE": 1,
    "RESIZE_BILINEAR": 1,
    "RESIZE_NEAREST_NEIGHBOR": 1,
    "TRANSPOSE_CONV": 0,
}
"""The input that only says the shape of the output, which the file says too; what computes it is not needed."""


def import_tflite(path: Path) -> Graph:
    """Subgraph 0 of a .tflite file as an int8 graph named after the file.

    Raises UserError if the file cannot be read, is damaged, or holds an operator that is not supported; the
    message names the operator and its index.
    """
    return import_tflite_tensors(path)[0]


def import_tflite_tensors(path: Path) -> tuple[Graph, dict[int, str]]:
    """The same graph, and what its tensors are called, by the index that the file gives them."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}; name a .tflite file") from error
    try:
        model = read_file_model(data)
    except Malformed as problem:
        raise _invalid(path, problem) from problem
    name = re.sub(r"[^\w.-]", "_", path.stem, flags=re.ASCII).lstrip("_.-") or "model"
    builder = GraphBuilder(name, model)
    try:
        _import_model(builder)
        builder.graph.verify()
        labels = read_labels(data, prod(builder.graph.tensors[builder.graph.outputs[0]].shape))
        builder.graph.metadata = {"labels": labels} if labels else {}
    except Malformed as problem:  # options are read where they are used
        raise _invalid(path, problem) from problem
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    return builder.graph, builder.names()


def _invalid(path: Path, problem: Malformed) -> UserError:
    return UserError(f"{path} is no valid .tflite file: it {problem}")


def _import_model(builder: GraphBuilder) -> None:
    needed = _needed(builder.model)
    try:
        bind_inputs(builder, needed)
    except Unsupported as problem:
        raise UserError(f"an input {problem} is not supported") from problem
    for operator in (op for op in needed if op.index not in builder.finished):
        _import_operator(builder, operator)
    try:
        bind_outputs(builder)
    except Unsupported as problem:
        raise UserError(f"an output {problem} is not supported") from problem


def _import_operator(builder: GraphBuilder, operator: FileOperator) -> None:
    builder.operator = operator
    where = f"operator {operator.index} ({operator.kind})"
    if operator.kind not in IMPORTERS:
        raise UserError(f"{where} is not supported; supported are {', '.join(sorted(IMPORTERS))}")
    try:
        if operator.kind not in INT16 | {"STABLEHLO_COMPOSITE"}:
            for index in (*operator.inputs, *operator.outputs):
                tensor = builder.model.tensors[index] if index >= 0 else None
                check(tensor is None or tensor.dtype != "int16", "of int16")
        with np.errstate(over="ignore"):  # the ratio of scales far apart; quantize_multiplier refuses it
            IMPORTERS[operator.kind](builder)
    except Unsupported as problem:
        raise UserError(f"{where} {problem} is not supported") from problem
    except Malformed as problem:
        raise UserError(f"{where}: the file {problem}") from problem
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def _needed(model: FileModel) -> list[FileOperator]:
    """The operators on which an output depends, in the file's order."""
    wanted = set(model.outputs)
    needed = []
    for operator in reversed(model.operators):
        if wanted.intersection(operator.outputs):
            shapes = SHAPE_INPUTS.get(operator.kind)
            wanted.update(index for position, index in enumerate(operator.inputs) if position != shapes)
            needed.append(operator)
    return needed[::-1]
