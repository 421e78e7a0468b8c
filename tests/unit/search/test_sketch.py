"""The quick graph is that of the exported module."""

import numpy as np
import torch

from mcu_vision.boards import load_board
from mcu_vision.cli.candidates import MemoryLimit, int8_graph
from mcu_vision.cli.planning import plan_for_board
from mcu_vision.errors import UserError
from mcu_vision.frontends.classifier import attach_softmax
from mcu_vision.frontends.detector import attach_detector
from mcu_vision.frontends.torch_export import export_graph
from mcu_vision.ir import Graph
from mcu_vision.models.detector import FaceDetector
from mcu_vision.models.network_config import NetworkConfig
from mcu_vision.models.searched import build_network
from mcu_vision.plan import PlanOptions
from mcu_vision.quantize import quantize_graph
from mcu_vision.search.layers import list_layers
from mcu_vision.search.space import Space


def exported(network: NetworkConfig) -> Graph:
    torch.manual_seed(0)
    module = build_network(network)
    width, height, channels = network.input
    graph = export_graph(module, torch.zeros(1, channels, height, width), network.name)
    graph = attach_detector(graph, module.spec) if isinstance(module, FaceDetector) else attach_softmax(graph)
    return quantize_graph(graph, [np.random.default_rng(0).random((1, height, width, channels), np.float32)], "min-max")


def outline(graph: Graph) -> list[tuple[object, ...]]:
    """Kind, attributes that shape the work, and shapes of each operator."""
    rows = []
    for op in graph.ops:
        more = tuple(getattr(op, name, None) for name in ("stride", "padding", "activation", "patch", "anchors"))
        constants = tuple(graph.tensors[n].shape for n in op.inputs if graph.tensors[n].data is not None)
        rows.append((op.kind, *more, constants, graph.tensors[op.outputs[0]].shape))
    return rows


def test_the_sketch_has_the_operators_of_the_exported_module(space: Space) -> None:
    network = space.network(space.draw(np.random.default_rng(5)))
    sketch = int8_graph(network)
    assert outline(sketch) == outline(exported(network))
    assert sum(layer.macs for layer in list_layers(network) if layer.kind in ("conv", "depthwise", "dense")) == sum(
        op.macs(sketch) for op in sketch.ops if op.kind in ("conv2d", "depthwise_conv2d", "dense")
    )


def test_memory_is_a_hard_limit_and_asked_for_once() -> None:
    space = Space("mobiledet", "vww", (48, 48, 3))
    network = space.network(space.draw(np.random.default_rng(6)))
    board, graph = load_board("stm32f439"), int8_graph(network)
    smallest = plan_for_board(graph, board, PlanOptions(optimize="ram")).total_bytes
    for ram, fits in ((smallest // 2, False), (4 * smallest, True)):
        limit = MemoryLimit(board, PlanOptions(ram_bytes=ram))
        assert limit(network) is fits
        assert limit(network) is fits
        assert len(limit._known) == 1
        try:
            plan_for_board(graph, board, PlanOptions(ram_bytes=ram))
            assert fits
        except UserError:
            assert not fits
