"""PyTorch models as float graphs; the only part of the command line, with `train`, that needs torch."""

from pathlib import Path

from mcu_vision.errors import UserError
from mcu_vision.ir import Graph


def export_model(name: str, weights: Path | None) -> Graph:
    """Float graph of a registered model, with `weights`, else the shipped ones, else seeded random ones.

    Detectors get their decoding. Raises UserError if torch is missing, or the name or weights are wrong.
    """
    try:
        import torch
    except ImportError as error:
        raise UserError("this needs PyTorch: run `pip install 'mcu-vision[train]'`") from error
    from mcu_vision.frontends.detector import attach_detector
    from mcu_vision.frontends.torch_export import export_graph
    from mcu_vision.models.classifier_spec import ClassifierSpec
    from mcu_vision.models.detector_spec import DetectorSpec
    from mcu_vision.models.registry import build_model, shipped_weights

    model = build_model(name, weights or shipped_weights(name))
    spec: DetectorSpec | ClassifierSpec = getattr(model, "spec")  # noqa: B009 - nn.Module types it otherwise
    example = torch.zeros(1, spec.channels, spec.height, spec.width)
    graph = export_graph(model, example, name)
    if isinstance(spec, DetectorSpec):
        return attach_detector(graph, spec)
    graph.metadata |= {"task": "classify", "labels": list(spec.labels)}
    return graph
