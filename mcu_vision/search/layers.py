"""The layers of a network configuration with their sizes: what the cost model and the sketch read. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from mcu_vision.models.face_levels import FACE_LEVELS, L2_SCALES
from mcu_vision.models.network_config import POOL_STRIDE, BlockConfig, NetworkConfig


@dataclass(frozen=True)
class Layer:
    """One operator on maps of height x width x channels.

    kind: conv, depthwise, rnn_pool, add, mean, dense or l2_norm. sources: names of the layers whose outputs it reads,
    "image" for the image. inputs: channels of the (first) source. hidden: units of RNNPool's cells.
    """

    name: str
    kind: str
    sources: tuple[str, ...]
    in_height: int
    in_width: int
    inputs: int
    height: int
    width: int
    outputs: int
    kernel: int = 1
    stride: int = 1
    activation: str = "none"
    hidden: int = 0
    background_logits: int = 0

    @property
    def pixels(self) -> int:
        """Of the output."""
        return self.height * self.width

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a convolution or a dense layer."""
        depth = 1 if self.kind == "depthwise" else self.inputs
        return self.pixels * self.outputs * depth * self.kernel**2


def list_layers(network: NetworkConfig) -> list[Layer]:
    """All layers in order; those of heads follow the block that they read."""
    builder = _Layers(network)
    builder.convolve("stem", network.stem, 3, 2, "relu6")
    if network.pool:
        builder.pool(network.pool, network.patch)
    heads = 0
    for index, block in enumerate(network.blocks):
        builder.block(f"blocks.{index}", block)
        if block.head:
            builder.head(heads)
            heads += 1
    if network.task == "vww":
        builder.convolve("last", network.last, 1, 1, "relu6")
        builder.finish_classifier()
    return builder.layers


class _Layers:
    """Appends layers; `end` is the name of the last on the trunk."""

    def __init__(self, network: NetworkConfig) -> None:
        width, height, channels = network.input
        self.layers: list[Layer] = []
        self.end, self.height, self.width, self.channels = "image", height, width, channels

    def _append(self, layer: Layer) -> None:
        self.layers.append(layer)
        self.end = layer.name
        self.height, self.width, self.channels = layer.height, layer.width, layer.outputs

    def convolve(
        self, name: str, outputs: int, kernel: int, stride: int, activation: str, depthwise: bool = False
    ) -> None:
        height, width = -(-self.height // stride), -(-self.width // stride)
        kind = "depthwise" if depthwise else "conv"
        place = (self.height, self.width, self.channels, height, width, outputs)
        self._append(Layer(name, kind, (self.end,), *place, kernel, stride, activation))

    def pool(self, hidden: int, patch: int) -> None:
        """The last row and column are repeated once, so that strides line up."""
        height, width = ((side - patch) // POOL_STRIDE + 2 for side in (self.height, self.width))
        place = (self.height, self.width, self.channels, height, width, 4 * hidden)
        self._append(Layer("pool", "rnn_pool", (self.end,), *place, patch, POOL_STRIDE, hidden=hidden))

    def block(self, name: str, block: BlockConfig) -> None:
        start, inputs = self.end, self.channels
        widths = block.widths(inputs)
        spatial = 1 if block.op == "tucker" else len(widths) - 2 if block.op == "ibn" else 0
        for index, outputs in enumerate(widths):
            kernel, stride = (block.kernel, block.stride) if index == spatial else (1, 1)
            activation = "none" if index == len(widths) - 1 else "relu6"
            depthwise = block.op == "ibn" and index == spatial
            self.convolve(f"{name}.{index}", outputs, kernel, stride, activation, depthwise)
        if block.stride == 1 and block.channels == inputs:
            place = (self.height, self.width, self.channels, self.height, self.width, self.channels)
            self._append(Layer(f"{name}.add", "add", (start, self.end), *place))

    def head(self, index: int) -> None:
        trunk = (self.end, self.height, self.width, self.channels)
        place = (self.height, self.width, self.channels, self.height, self.width)
        logits = FACE_LEVELS[index].background_logits
        if L2_SCALES[index] is not None:
            self._append(Layer(f"heads.{index}.norm", "l2_norm", (self.end,), *place, self.channels))
        source = (self.end,)
        for part, outputs in (("loc", 4), ("conf", logits + 1)):
            self._append(Layer(f"heads.{index}.{part}", "conv", source, *place, outputs, 3, background_logits=logits))
        self.end, self.height, self.width, self.channels = trunk

    def finish_classifier(self) -> None:
        self._append(Layer("mean", "mean", (self.end,), self.height, self.width, self.channels, 1, 1, self.channels))
        self._append(Layer("classifier", "dense", (self.end,), 1, 1, self.channels, 1, 1, 2))
