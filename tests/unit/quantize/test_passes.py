"""Passes before calibration keep the float meaning."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcu_vision import ops
from mcu_vision.ir import Graph, Op, Tensor
from mcu_vision.quantize.fold_scale_channels import fold_scale_channels
from mcu_vision.quantize.fuse_activations import fuse_activations
from mcu_vision.quantize.requantize_concat_inputs import requantize_concat_inputs
from mcu_vision.reference import run_graph


class FloatBuilder:
    """Float graphs with random weights; methods return the name of the output tensor."""

    def __init__(self, seed: int = 0, shape: tuple[int, int, int] = (7, 6, 4)) -> None:
        self.random = np.random.default_rng(seed)
        self.graph = Graph("g", {"x": Tensor("x", (1, *shape))}, [], ("x",), ())

    def add(self, kind: type[Op], inputs: list[str], *shapes: tuple[int, ...], **attributes: object) -> str:
        name = f"{kind.kind}{len(self.graph.ops)}"
        for index, shape in enumerate(shapes):
            data = self.random.normal(0, 1, shape).astype(np.float32)
            constant = f"{name}.{index}"
            self.graph.tensors[constant] = Tensor(constant, shape, data=data)
            inputs = [*inputs, constant]
        op = kind(name, tuple(inputs), (name,), **attributes)  # type: ignore[arg-type]
        shape = op.infer_shape([self.graph.tensors[n] for n in inputs])
        self.graph.tensors[name] = Tensor(name, shape)
        self.graph.ops.append(op)
        return name

    def channels(self, x: str) -> int:
        return self.graph.tensors[x].shape[-1]

    def conv(self, x: str, outputs: int = 4, pad: int = 0) -> str:
        shape = (outputs, 3 if pad else 1, 3 if pad else 1, self.channels(x))
        return self.add(ops.Conv2d, [x], shape, (outputs,), padding=(pad,) * 4)

    def depthwise(self, x: str, pad: int = 0) -> str:
        c = self.channels(x)
        return self.add(ops.DepthwiseConv2d, [x], (1, 3, 3, c), (c,), padding=(pad,) * 4)

    def dense(self, x: str) -> str:
        elements = int(np.prod(self.graph.tensors[x].shape))
        return self.add(ops.Dense, [x], (3, elements), (3,))

    def scale(self, x: str, offset: bool = True) -> str:
        c = self.channels(x)
        name = self.add(ops.ScaleChannels, [x], (c,), (c,))
        if not offset:
            self.graph.tensors[f"{name}.1"].data = np.zeros(c, np.float32)
        return name

    def finish(self, *outputs: str) -> Graph:
        self.graph.outputs = outputs
        self.graph.verify()
        return self.graph


def fold(graph: Graph) -> list[str]:
    """Fold and compare; the kinds that remain."""
    image = np.random.default_rng(7).random(graph.input.shape, np.float32)
    before = list(run_graph(graph, image).values())
    fold_scale_channels(graph)
    fuse_activations(graph)
    graph.verify()
    after = list(run_graph(graph, image).values())
    for a, b in zip(before, after, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
    used = {name for op in graph.ops for name in (*op.inputs, *op.outputs)} | set(graph.outputs) | {"x"}
    assert set(graph.tensors) == used
    return [op.kind for op in graph.ops]


@pytest.mark.parametrize("layer", ["conv", "depthwise"])
def test_batch_norm_and_activation_go_into_the_layer_before(layer: str) -> None:
    build = FloatBuilder()
    x = build.scale(getattr(build, layer)("x", pad=1))
    graph = build.finish(build.add(ops.Requantize, [x], activation="relu6"))
    assert fold(graph) == ["conv2d" if layer == "conv" else "depthwise_conv2d"]
    assert graph.ops[0].attributes()["activation"] == "relu6"
    assert graph.outputs == graph.ops[0].outputs


def test_dense_takes_the_scale_behind_it() -> None:
    build = FloatBuilder()
    assert fold(build.finish(build.scale(build.dense("x")))) == ["dense"]


def test_scale_without_offset_goes_into_all_layers_behind() -> None:
    build = FloatBuilder()
    x = build.scale(build.add(ops.L2Normalize, ["x"]), offset=False)
    graph = build.finish(build.conv(x, pad=1), build.conv(x, 2), build.depthwise(x, 1), build.dense(x))
    assert fold(graph) == ["l2_normalize", "conv2d", "conv2d", "depthwise_conv2d", "dense"]


def test_offset_goes_behind_only_without_padding() -> None:
    build = FloatBuilder()
    assert fold(build.finish(build.conv(build.scale("x")))) == ["conv2d"]
    build = FloatBuilder()
    assert fold(build.finish(build.conv(build.scale("x"), pad=1))) == ["depthwise_conv2d", "conv2d"]


def test_a_result_that_is_read_elsewhere_keeps_its_values() -> None:
    build = FloatBuilder()
    x = build.conv("x")
    assert fold(build.finish(x, build.scale(x))) == ["conv2d", "depthwise_conv2d"]
    build = FloatBuilder()
    x = build.conv("x")
    y = build.add(ops.Add, [x, build.scale(x)])
    assert fold(build.finish(y)) == ["conv2d", "depthwise_conv2d", "add"]


def test_scales_in_a_row_and_of_a_vector() -> None:
    build = FloatBuilder()
    assert fold(build.finish(build.scale(build.scale(build.scale("x"))))) == ["depthwise_conv2d"]
    build = FloatBuilder()
    assert fold(build.finish(build.scale(build.add(ops.Mean, ["x"])))) == ["mean", "dense"]


def test_a_constant_that_two_layers_share_is_copied() -> None:
    build = FloatBuilder()
    x = build.conv("x")
    y = build.conv("x")
    first, second = build.graph.ops
    second.inputs = (second.inputs[0], *first.inputs[1:])
    assert fold(build.finish(build.scale(x), y)) == ["conv2d", "conv2d"]


def test_an_activation_that_cannot_be_fused_stays() -> None:
    build = FloatBuilder()
    x = build.conv("x")
    assert fold(build.finish(x, build.add(ops.Requantize, [x], activation="relu"))) == ["conv2d", "requantize"]
    build = FloatBuilder()
    x = build.add(ops.L2Normalize, ["x"])
    y = build.add(ops.Requantize, [x], activation="relu")
    graph = build.finish(build.add(ops.Requantize, [y], activation="relu6"))
    assert fold(graph) == ["l2_normalize", "requantize"]
    assert graph.ops[1].attributes()["activation"] == "relu6"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.sampled_from(["conv", "pad", "dw", "bn", "sc", "relu"]), max_size=8))
def test_random_chains_keep_their_meaning(seed: int, chain: list[str]) -> None:
    build = FloatBuilder(seed, (20, 20, 4))
    x = build.conv("x")
    for kind in chain:
        x = {
            "conv": lambda x: build.conv(x),
            "pad": lambda x: build.conv(x, pad=1),
            "dw": lambda x: build.depthwise(x, pad=1),
            "bn": lambda x: build.scale(x),
            "sc": lambda x: build.scale(x, offset=False),
            "relu": lambda x: build.add(ops.Requantize, [x], activation="relu"),
        }[kind](x)
    x = build.add(ops.L2Normalize, [x])  # brings values of long chains back to one magnitude
    assert "scale_channels" not in fold(build.finish(x))


def test_concat_of_fixed_scales_gets_requantised_inputs() -> None:
    build = FloatBuilder()
    x = build.conv("x")
    n = build.add(ops.L2Normalize, [x])
    p = build.add(ops.MaxPool2d, [n], size=(1, 1), stride=(1, 1))
    graph = build.finish(build.add(ops.Concat, [x, n, p, "x", n]))
    requantize_concat_inputs(graph)
    graph.verify()
    assert [op.kind for op in graph.ops].count("requantize") == 3
    concat = graph.ops[-1]
    assert concat.inputs[0] == x
    assert concat.inputs[1] == concat.inputs[4] != n
