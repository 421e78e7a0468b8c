"""Small quantised graphs with seeded random weights, for planner, code generator and kernel tests."""

from __future__ import annotations

import numpy as np

from mcu_vision import ops
from mcu_vision.ir import Graph, Op, Quantization, Tensor
from mcu_vision.ops.rnn_pool import CellFormat


class GraphBuilder:
    """Adds operators one after another; methods return the name of the output tensor."""

    def __init__(self, name: str, shape: tuple[int, int, int], seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        image = Tensor("image", (1, *shape), "int8", Quantization((1 / 255,), -128))
        self.graph = Graph(name, {"image": image}, [], ("image",), ())

    def _constant(self, name: str, data: np.ndarray, quantization: Quantization | None = None) -> str:
        self.graph.tensors[name] = Tensor(name, data.shape, str(data.dtype), quantization, data)
        return name

    def add_op(self, op: Op, quantization: Quantization, dtype: str = "int8") -> str:
        shape = op.infer_shape([self.graph.tensors[n] for n in op.inputs])
        self.graph.tensors[op.outputs[0]] = Tensor(op.outputs[0], shape, dtype, quantization)
        self.graph.ops.append(op)
        return op.outputs[0]

    def quantization(self) -> Quantization:
        scale = np.float32(self.random.uniform(0.01, 0.1))
        return Quantization((float(scale),), int(self.random.integers(-128, 128)))

    def _weighted(self, kind: type[Op], x: str, shape: tuple[int, ...], axis: int, **attributes: object) -> str:
        name = f"{kind.kind}{len(self.graph.ops)}"
        weights = self.random.integers(-127, 128, shape).astype(np.int8)
        channels = shape[axis]
        scales = tuple(float(s) for s in self.random.uniform(0.002, 0.02, channels).astype(np.float32))
        bias = self.random.integers(-2000, 2000, channels).astype(np.int32)
        w = self._constant(f"{name}.weights", weights, Quantization(scales, 0, axis))
        b = self._constant(f"{name}.bias", bias, Quantization(scales, 0, 0))
        return self.add_op(kind(name, (x, w, b), (f"{name}.out",), **attributes), self.quantization())  # type: ignore[arg-type]

    def conv(self, x: str, channels: int, kernel: int = 3, stride: int = 1, pad: int = 1, **more: object) -> str:
        depth = self.graph.tensors[x].shape[3]
        attributes = {"stride": (stride, stride), "padding": (pad,) * 4, "activation": "relu6"} | more
        return self._weighted(ops.Conv2d, x, (channels, kernel, kernel, depth), 0, **attributes)

    def pointwise(self, x: str, channels: int) -> str:
        return self.conv(x, channels, 1, 1, 0, activation="none")

    def depthwise(self, x: str, kernel: int = 3, stride: int = 1, pad: int = 1, **more: object) -> str:
        depth = self.graph.tensors[x].shape[3]
        attributes = {"stride": (stride, stride), "padding": (pad,) * 4, "activation": "relu"} | more
        return self._weighted(ops.DepthwiseConv2d, x, (1, kernel, kernel, depth), 3, **attributes)

    def dense(self, x: str, outputs: int) -> str:
        return self._weighted(ops.Dense, x, (outputs, self.graph.tensors[x].size_bytes), 0)

    def simple(self, kind: type[Op], *inputs: str, quantization: Quantization | None = None, **more: object) -> str:
        name = f"{kind.kind}{len(self.graph.ops)}"
        op = kind(name, inputs, (f"{name}.out",), **more)  # type: ignore[arg-type]
        return self.add_op(op, quantization or self.quantization())

    def rnn_pool(self, x: str, hidden: tuple[int, int] = (8, 8), **attributes: object) -> str:
        name = f"rnn_pool{len(self.graph.ops)}"
        depth = self.graph.tensors[x].shape[3]
        names = [x]
        for index, (inputs, units) in enumerate(((depth, hidden[0]), hidden)):
            limits = {"w": (units, inputs), "u": (units, units)}
            for key, shape in limits.items():
                data = self.random.integers(-6000, 6000, shape).astype(np.int16)
                names.append(self._constant(f"{name}.{key}{index + 1}", data))
            for key in ("bias_z", "bias_h"):
                data = self.random.integers(-4096, 4096, units).astype(np.int16)
                names.append(self._constant(f"{name}.{key}{index + 1}", data))
        formats = (CellFormat(18, 14, 12, 1 << 14, 0), CellFormat(28, 14, 12, 1 << 14, 0))
        op = ops.RnnPool(name, tuple(names), (f"{name}.out",), formats=formats, **attributes)  # type: ignore[arg-type]
        return self.add_op(op, Quantization((1 / 128,), 0))

    def boxes(self, levels: list[tuple[str, str, int, int, int]], image: tuple[int, int]) -> str:
        unit = Quantization((1.0,), 0)
        lists = []
        for index, (offsets, logits, stride, anchor, backgrounds) in enumerate(levels):
            op = ops.DecodeBoxes(
                f"decode{index}",
                (offsets, logits),
                (f"decode{index}.out",),
                stride=stride,
                anchors=(anchor,),
                backgrounds=backgrounds,
                image=image,
                min_score=0.3,
                top_k=12,
            )
            lists.append(self.add_op(op, unit, "int16"))
        nms = ops.NonMaxSuppression("nms", tuple(lists), ("boxes",), iou_threshold=0.3, max_boxes=10)
        return self.add_op(nms, unit, "int16")

    def finish(self, *outputs: str) -> Graph:
        self.graph.outputs = outputs
        self.graph.verify()
        return self.graph


def tiny_detector(seed: int = 0) -> Graph:
    """Convolution, RNNPool, two inverted blocks (one residual), two heads, decoding: every row rule at once."""
    build = GraphBuilder("tiny-detector", (48, 64, 1), seed)
    x = build.conv("image", 4, 3, 2)
    x = build.rnn_pool(x, patch=(8, 8), stride=4, replicate_last=True)
    y = build.pointwise(build.depthwise(build.conv(x, 24, 1, 1, 0)), 16)
    z = build.pointwise(build.depthwise(build.conv(y, 24, 1, 1, 0)), 16)
    y = build.simple(ops.Add, y, z)
    n = build.simple(ops.L2Normalize, y, quantization=Quantization((1 / 128,), 0))
    heads = [(build.conv(n, 4, activation="none"), build.conv(n, 4, activation="none"), 8, 8, 3)]
    w = build.pointwise(build.depthwise(build.conv(y, 24, 1, 1, 0), stride=2), 24)
    heads.append((build.conv(w, 4, activation="none"), build.conv(w, 2, activation="none"), 16, 32, 1))
    boxes = build.boxes(heads, (48, 64))
    return build.finish(boxes)


def tiny_classifier(seed: int = 0) -> Graph:
    """Convolution, pools, concatenation, mean, dense, softmax."""
    build = GraphBuilder("tiny-classifier", (17, 19, 3), seed)
    x = build.conv("image", 8, 3, 2)
    shared = build.graph.tensors[x].quantization
    a = build.simple(ops.MaxPool2d, x, quantization=shared, size=(3, 3), stride=(2, 2), padding=(1, 1, 1, 1))
    b = build.simple(ops.AveragePool2d, x, quantization=shared, size=(3, 3), stride=(2, 2), padding=(1, 1, 1, 1))
    c = build.simple(ops.Concat, a, b, quantization=shared)
    c = build.simple(ops.Requantize, c, activation="relu")
    m = build.simple(ops.Mean, c)
    d = build.dense(m, 3)
    return build.finish(build.simple(ops.Softmax, d, quantization=Quantization((1 / 256,), -128)))
