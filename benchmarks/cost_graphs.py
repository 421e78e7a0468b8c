"""Small quantised models of random shapes and weights, by which the cost model is fitted."""

from dataclasses import replace
from math import ceil

import numpy as np
from graphs import GraphBuilder

from mcu_vision import ops
from mcu_vision.ir import Graph, Op, Quantization
from mcu_vision.ops.common import quad
from mcu_vision.plan.rewrite.expand_into_depthwise import join_pair, replace_pair
from mcu_vision.plan.rewrite.fuse_blocks import find_blocks, fuse_block
from mcu_vision.plan.rewrite.gather_rows import gather_rows
from mcu_vision.plan.rewrite.remove_dead_channels import remove_dead_channels

LARGEST_MAP_BYTES = 24_000
LARGEST_MACS = 1_500_000
CHANNELS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)
KINDS = (
    ("pointwise", "depthwise", "conv", "bottleneck") * 3
    + ("winograd", "pair") * 2
    + ("add", "add", "add", "max", "average", "concat", "l2", "requantize")
)


def cost_graph(seed: int, kinds: tuple[str, ...] = KINDS) -> Graph:
    """A chain of operators of `kinds`, within the sizes above, in tiles of any size."""
    random = np.random.default_rng(seed)
    shape = (int(random.integers(12, 40)), int(random.integers(12, 80)), int(random.choice([1, 3, 4, 8, 16])))
    chain = _Chain(GraphBuilder(f"random-{seed}", shape, seed), random, kinds)
    for _ in range(int(random.integers(5, 9))):
        chain.extend()
    build = chain.build
    x = build.dense(build.simple(ops.Mean, chain.end), int(random.integers(2, 40)))
    graph = build.finish(build.simple(ops.Softmax, x, quantization=Quantization((1 / 256,), -128)))
    graph = remove_dead_channels(graph)
    for op in graph.ops:
        if isinstance(op, ops.Conv2d) and op.winograd_fits(graph):
            op.winograd = bool(random.random() < 0.75)
    if random.random() < 0.5:
        graph = gather_rows(graph)
        graph = replace(graph, ops=[_fewer_rows(op, random) for op in graph.ops])
    for op in list(graph.ops):
        pair = join_pair(graph, op)
        if pair is not None and random.random() < 0.8:
            pair.step_rows = 2 * int(random.integers(1, 1 + ceil(graph.tensors[op.outputs[0]].rows / 2)))
            graph = replace_pair(graph, op, pair)
    for block in find_blocks(graph):
        if random.random() < 0.7:
            graph = fuse_block(graph, block, int(random.choice([2, 4, 8, 12, 16, 24])), bool(random.random() < 0.4))
    for op in graph.ops:
        if isinstance(op, ops.InvertedBottleneck) and op.recompute and {"expand", "project"} <= set(op.stages):
            op.group_channels = int(random.choice([0, 4, 8, 16, 32]))
        if isinstance(op, ops.Conv2d) and not op.winograd and not op.step_rows and op.carry_fits(graph):
            op.carry = bool(random.random() < 0.4)
    return graph


def _fewer_rows(op: Op, random: np.random.Generator) -> Op:
    """A depthwise convolution with another number of rows a step, or none."""
    if isinstance(op, ops.DepthwiseConv2d) and op.step_rows:
        return replace(op, step_rows=int(random.choice([0, op.step_rows, 2 * int(random.integers(1, 8))])))
    return op


def pool_graph(seed: int) -> Graph:
    """RNNPool alone, or behind a convolution, of random shape, formats and zeros."""
    random = np.random.default_rng(seed)
    shape = (int(random.integers(12, 32)), int(random.integers(12, 64)), int(random.choice([1, 3, 4, 8, 16, 20])))
    chain = _Chain(GraphBuilder(f"pool-{seed}", shape, seed), random, KINDS)
    return chain.build.finish(chain.rnn_pool())


class _Chain:
    """A graph that grows at its end."""

    def __init__(self, build: GraphBuilder, random: np.random.Generator, kinds: tuple[str, ...]) -> None:
        self.build, self.random, self.kinds = build, random, kinds
        self.end = "image"

    def extend(self) -> None:
        """Add an operator, or two that belong together."""
        _, height, width, channels = self.build.graph.tensors[self.end].shape
        kinds = self.kinds
        if kinds == KINDS and min(height, width) >= 8 and channels <= 32:
            kinds += ("rnn_pool",) * 2
        kind = self.random.choice(kinds)
        if kind == "rnn_pool":
            self.end = self.rnn_pool()
        elif kind == "bottleneck":
            self._bottleneck()
        elif kind == "winograd":
            self._winograd()
        elif kind == "pair":
            self._pair()
        elif kind in ("pointwise", "depthwise", "conv"):
            self.end = self._convolution(kind)
        else:
            self.end = self._simple(kind)

    def _one_of(self, *values: int) -> int:
        return int(self.random.choice(values))

    def _window(self) -> tuple[int, int]:
        """Kernel and stride that fit."""
        _, height, width, _ = self.build.graph.tensors[self.end].shape
        kernel, stride = self._one_of(3, 3, 3, 1, 2, 5), self._one_of(1, 1, 2)
        return (kernel, stride) if min(height, width) >= 2 * kernel else (1, 1)

    def _convolution(self, kind: str) -> str:
        _, height, width, channels = self.build.graph.tensors[self.end].shape
        kernel, stride = self._window() if kind != "pointwise" else (1, 1)
        out_c = min(self._one_of(*CHANNELS), LARGEST_MAP_BYTES // (height * width))
        out_c = max(1, min(out_c, LARGEST_MACS * stride**2 // (height * width * channels * kernel**2)))
        if kind == "depthwise":
            tile = self._one_of(4, 8, 16, 48, 48, 48)
            return self.build.depthwise(self.end, kernel, stride, kernel // 2, tile_pixels=tile)
        dilation = (1, 2) if kernel == 3 and self.random.random() < 0.1 else (1, 1)
        more = {"dilation": dilation, "tile_pixels": self._one_of(4, 8, 16, 24, 24, 24, 48)}
        return self.build.conv(self.end, out_c, kernel, stride, kernel // 2, **more)

    def _bottleneck(self) -> None:
        x = self.end
        self.end = self._convolution("pointwise")
        self.end = self._convolution("depthwise")
        self.end = self._convolution("pointwise")
        if self.build.graph.tensors[x].shape == self.build.graph.tensors[self.end].shape:
            self.end = self.build.simple(ops.Add, x, self.end)

    def _pair(self) -> None:
        """1x1 and depthwise convolutions that may run as one, of channels in fours, behind as many as that takes."""
        tensors = self.build.graph.tensors
        _, height, width, channels = tensors[self.end].shape
        most = min(LARGEST_MAP_BYTES // (height * width), LARGEST_MACS // (height * width * quad(channels)))
        if min(height, width) < 4 or most < 4:
            return
        if channels % 4:
            self.end = self.build.conv(self.end, quad(channels), 1, 1, 0)
        wide = self.build.conv(self.end, min(4 * self._one_of(2, 3, 4, 8, 12, 16), most // 4 * 4), 1, 1, 0)
        tensors[wide].quantization = Quantization((float(np.float32(self.random.uniform(0.01, 0.02))),), -128)
        self.end = self.build.depthwise(wide, 3, self._one_of(1, 1, 2), 1)

    def _winograd(self) -> None:
        """3x3 with channels that Winograd's method takes, mostly by it; of no more pixels than products allow."""
        in_c, out_c = self._one_of(16, 16, 32, 64), self._one_of(6, 8, 16, 32, 64)
        _, height, width, _ = self.build.graph.tensors[self.end].shape
        stride = 2 if height * width * max(in_c, out_c) > LARGEST_MAP_BYTES else 1
        if min(height, width) < 4 or height * width * max(in_c, out_c) > 4 * LARGEST_MAP_BYTES:
            return
        x = self.build.conv(self.end, in_c, 1, stride, 0, activation="none")
        self.end = self.build.conv(x, out_c)

    def rnn_pool(self) -> str:
        """RNNPool at the end."""
        if self.random.random() < 0.4:
            self.end = self.build.conv(self.end, 4)  # the usual number of channels before RNNPool
        patch, units = self._one_of(4, 6, 8), (4, 8, 8, 12, 16, 16)
        hidden = (self._one_of(*units), self._one_of(*units))
        smooth = bool(self.random.random() < 0.15)
        end = self.build.rnn_pool(self.end, hidden, patch=(patch, patch), stride=patch // 2, smooth=smooth)
        op = self.build.graph.ops[-1]
        assert isinstance(op, ops.RnnPool)
        first, second = op.formats
        pre_bits = self._one_of(12, 12, 11, 13)
        first = first._replace(w_bits=pre_bits + self._one_of(6, 9, 12), u_bits=pre_bits + 2, pre_bits=pre_bits)
        u_bits = pre_bits + self._one_of(2, 2, 3)
        op.formats = (first, second._replace(w_bits=pre_bits + 16, u_bits=u_bits, pre_bits=pre_bits))
        op.keep_products = bool(self.random.random() < 0.5)
        share = float(self.random.choice([1.0, 1.0, 0.5, 0.3, 0.15]))
        for name in (op.inputs[i] for i in (2, 5, 6)):
            data = self.build.graph.tensors[name].data
            assert data is not None
            data[self.random.random(data.shape) >= share] = 0
        return end

    def _simple(self, kind: str) -> str:
        x, same = self.end, self.build.graph.tensors[self.end].quant
        if kind == "add":
            return self.build.simple(ops.Add, x, self.build.depthwise(x))
        if kind == "concat" and 2 * self.build.graph.tensors[x].size_bytes < LARGEST_MAP_BYTES:
            return self.build.simple(
                ops.Concat, x, self.build.simple(ops.Requantize, x, quantization=same), quantization=same
            )
        if kind in ("max", "average"):
            kernel, stride = self._window()
            pool = ops.MaxPool2d if kind == "max" else ops.AveragePool2d
            more = {"size": (kernel, kernel), "stride": (stride, stride), "padding": (kernel // 2,) * 4}
            return self.build.simple(pool, x, quantization=same, **more)
        if kind == "l2":
            return self.build.simple(ops.L2Normalize, x, quantization=Quantization((1 / 128,), 0))
        return self.build.simple(ops.Requantize, x, activation="relu")
