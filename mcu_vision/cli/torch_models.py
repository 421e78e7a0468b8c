"""PyTorch models as float graphs; the only part of the command line, with `train`, that needs torch."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mcu_vision.errors import UserError
from mcu_vision.frontends.classifier import attach_softmax
from mcu_vision.frontends.detector import attach_detector
from mcu_vision.ir import Graph
from mcu_vision.models.classifier_spec import ClassifierSpec
from mcu_vision.models.detector_spec import DetectorSpec
from mcu_vision.models.network_config import read_network

if TYPE_CHECKING:
    from torch import nn

Size = tuple[int, int, int]
"""Width, height, channels."""


def parse_size(text: str) -> Size:
    """The size of "320x240x1". Raises UserError if it is anything else."""
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)x([13])", text)
    if match is None:
        raise UserError(f"--input is WIDTHxHEIGHTxCHANNELS with 1 or 3 channels, as in 96x96x3, not {text!r}")
    width, height, channels = (int(n) for n in match.groups())
    return width, height, channels


def export_model(name: str, weights: Path | None, size: Size | None = None) -> Graph:
    """Float graph of a registered model's name, of a network description (.toml), or of FILE.py:FACTORY.

    weights: else the shipped ones; else random ones, which metadata "weights" says, or what the factory
    gives. size: of the input, in place of the model's own. Detectors get their decoding. Raises UserError if
    torch is missing, if the name, the weights or the size is wrong, or if an operator is not supported.
    """
    try:
        import torch
    except ModuleNotFoundError as error:
        raise UserError("this needs PyTorch: pip install 'mcu-vision[train]'") from error
    from mcu_vision.frontends.torch_export import export_graph

    model, trained = _load(name, weights)
    name = read_network(Path(name)).name if name.endswith(".toml") else name.rpartition(":")[2]
    spec = _spec(model, name, size)
    graph = export_graph(model, torch.zeros(1, spec.channels, spec.height, spec.width), name)
    if isinstance(spec, DetectorSpec):
        graph = attach_detector(graph, spec)
    else:
        graph = attach_softmax(graph) if spec.softmax else graph
        graph.metadata |= {"task": "classify", "labels": list(spec.labels)}
    if not trained:
        graph.metadata["weights"] = "random"
    return graph


def _load(name: str, weights: Path | None) -> tuple[nn.Module, bool]:
    """The module, and False if its weights are random."""
    from mcu_vision.models.module_file import load_module
    from mcu_vision.models.registry import build_model, shipped_weights
    from mcu_vision.models.weights_file import load_weights

    file, _, factory = name.rpartition(":")
    if not file or name.endswith(".toml"):
        if name.endswith(".py"):
            raise UserError(f"name what makes the module in {name} too, as in {name}:MyNet")
        weights = weights or shipped_weights(name)
        return build_model(name, weights), weights is not None
    module = load_module(Path(file), factory)
    if weights is not None:
        load_weights(weights, module)
    return module, True


def _spec(model: nn.Module, name: str, size: Size | None) -> DetectorSpec | ClassifierSpec:
    """The model's own, or a classifier's of `size` if it has none."""
    spec = getattr(model, "spec", None)
    if isinstance(spec, (DetectorSpec, ClassifierSpec)):
        return replace(spec, width=size[0], height=size[1], channels=size[2]) if size else spec
    if size is None:
        raise UserError(f"{name} does not say how large its input is: add --input, as in --input 96x96x3")
    return ClassifierSpec(*size, labels=())
