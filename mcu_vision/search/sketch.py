"""An int8 graph of a network configuration within milliseconds, its weights random: to plan and to measure it.

What a network costs on the board depends on the shapes of its layers, hardly on its weights. This graph has the
operators that the exported and quantised module has.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcu_vision.ir import Array, Graph, Op, Tensor
from mcu_vision.models.detector_spec import DetectorSpec
from mcu_vision.models.face_levels import FACE_LEVELS, L2_SCALES, SCORE_THRESHOLD
from mcu_vision.models.network_config import NetworkConfig
from mcu_vision.ops import Add, Conv2d, Dense, DepthwiseConv2d, L2Normalize, Mean, RnnPool, ScaleChannels, Softmax
from mcu_vision.search.layers import Layer, list_layers

Finish = Callable[[Graph, DetectorSpec], Graph]


def sketch_graph(network: NetworkConfig) -> Graph:
    """The float graph with random weights, fixed by the shapes; a detector's outputs are its head maps."""
    width, height, channels = network.input
    graph = Graph(network.name, {"x": Tensor("x", (1, height, width, channels))}, [], ("x",), ())
    draw = _Sketch(graph)
    for layer in list_layers(network):
        draw.add(layer)
    if network.task == "vww":
        draw.emit(Softmax("softmax", (draw.outputs["classifier"],), ("probabilities",)))
        graph.outputs = ("probabilities",)
        graph.metadata |= {"task": "classify", "labels": ["no person", "person"]}
    else:
        heads = [f"heads.{i}.{part}" for i in range(len(FACE_LEVELS)) for part in ("loc", "conf")]
        graph.outputs = tuple(draw.outputs[name] for name in heads)
    graph.metadata["weights"] = "random"
    graph.verify()
    return graph


def face_spec(network: NetworkConfig) -> DetectorSpec:
    """How the boxes of a face detector are decoded."""
    return DetectorSpec(*network.input, levels=FACE_LEVELS, score_threshold=SCORE_THRESHOLD)


class _Sketch:
    """Adds layers to a float graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.random = graph, np.random.default_rng(0)
        self.outputs = {"image": "x"}

    def add(self, layer: Layer) -> None:
        sources = tuple(self.outputs[name] for name in layer.sources)
        out = (f"{layer.name}.out",)
        if layer.kind in ("conv", "depthwise"):
            self._convolution(layer, sources, out)
        elif layer.kind == "rnn_pool":
            constants = self._cells(layer)
            patch = (layer.kernel, layer.kernel)
            names = (*sources, *constants)
            self.emit(RnnPool(layer.name, names, out, patch=patch, stride=layer.stride, replicate_last=True))
        elif layer.kind == "dense":
            weights = self._constant(f"{layer.name}.weights", (layer.outputs, layer.inputs), layer.inputs)
            self.emit(Dense(layer.name, (*sources, weights, self._zeros(layer)), out))
        elif layer.kind == "l2_norm":
            self._normalization(layer, sources, out)
        else:
            kind = {"add": Add, "mean": Mean}[layer.kind]
            self.emit(kind(layer.name, sources, out))
        self.outputs[layer.name] = out[0]

    def emit(self, op: Op) -> None:
        """Append an operator and its output."""
        shape = op.infer_shape([self.graph.tensors[name] for name in op.inputs])
        self.graph.tensors[op.outputs[0]] = Tensor(op.outputs[0], shape)
        self.graph.ops.append(op)

    def _convolution(self, layer: Layer, sources: tuple[str, ...], out: tuple[str]) -> None:
        depthwise = layer.kind == "depthwise"
        sides = (layer.kernel, layer.kernel)
        shape = (1, *sides, layer.outputs) if depthwise else (layer.outputs, *sides, layer.inputs)
        fan = layer.kernel**2 * (1 if depthwise else layer.inputs)
        inputs = (*sources, self._constant(f"{layer.name}.weights", shape, fan), self._zeros(layer))
        kind = DepthwiseConv2d if depthwise else Conv2d
        padding = (layer.kernel // 2,) * 4
        stride = (layer.stride, layer.stride)
        self.emit(kind(layer.name, inputs, out, stride=stride, padding=padding, activation=layer.activation))

    def _normalization(self, layer: Layer, sources: tuple[str, ...], out: tuple[str]) -> None:
        """Length 1, then a factor a channel, which quantisation folds into what follows."""
        self.emit(L2Normalize(layer.name, sources, (f"{layer.name}.unit",)))
        index = int(layer.name.split(".")[1])
        scale = np.full(layer.outputs, L2_SCALES[index] or 1.0, np.float32)
        names = (self._keep(f"{layer.name}.scale", scale), self._keep(f"{layer.name}.offset", 0 * scale))
        self.emit(ScaleChannels(f"{layer.name}.scaled", (f"{layer.name}.unit", *names), out))

    def _cells(self, layer: Layer) -> list[str]:
        """Constants of RNNPool's two cells, of the size that training starts from."""
        names = []
        for cell, inputs in ((1, layer.inputs), (2, layer.hidden)):
            shapes = {"w": (layer.hidden, inputs), "u": (layer.hidden, layer.hidden)}
            names += [self._constant(f"{layer.name}.{k}{cell}", shape, 4 * shape[1]) for k, shape in shapes.items()]
            for key, value in (("gate_bias", 0.5), ("bias", 0.0)):
                names.append(self._keep(f"{layer.name}.{key}{cell}", np.full(layer.hidden, value, np.float32)))
        return names

    def _constant(self, name: str, shape: tuple[int, ...], fan: int) -> str:
        return self._keep(name, (self.random.standard_normal(shape) * (2 / fan) ** 0.5).astype(np.float32))

    def _zeros(self, layer: Layer) -> str:
        return self._keep(f"{layer.name}.bias", np.zeros(layer.outputs, np.float32))

    def _keep(self, name: str, data: Array) -> str:
        self.graph.tensors[name] = Tensor(name, data.shape, "float32", None, data)
        return name
