"""Shape rules against what the references really give, and their errors."""

from dataclasses import replace

import numpy as np
import pytest
from graphs import GraphBuilder, tiny_classifier, tiny_detector

from mcu_vision import ops
from mcu_vision.errors import UserError
from mcu_vision.ir import Graph, Op, RowWindow, Tensor
from mcu_vision.plan.rewrite.fuse_blocks import find_blocks, fuse_block
from mcu_vision.reference import run_graph


@pytest.mark.parametrize("graph", [tiny_detector(), tiny_classifier()], ids=lambda g: g.name)
def test_references_give_the_inferred_shapes_and_types(graph: Graph) -> None:
    image = np.zeros(graph.input.shape, np.int8)
    for name, value in run_graph(graph, image, keep_all=True).items():
        assert value.shape == graph.tensors[name].shape
        assert value.dtype == np.dtype(graph.tensors[name].dtype)


def image(h: int, w: int, c: int) -> Tensor:
    return Tensor("x", (1, h, w, c))


def constants(*shapes: tuple[int, ...]) -> list[Tensor]:
    return [Tensor(f"c{i}", shape) for i, shape in enumerate(shapes)]


@pytest.mark.parametrize(
    ("op", "inputs", "problem"),
    [
        (ops.Conv2d("c", (), ()), [image(4, 4, 3), *constants((2, 3, 3, 4), (2,))], "take 4 channels"),
        (ops.Conv2d("c", (), ()), [image(4, 4, 3), *constants((2, 3, 3, 3), (3,))], r"must have shape \(2,\)"),
        (ops.Conv2d("c", (), ()), [image(2, 2, 3), *constants((2, 3, 3, 3), (2,))], "window does not fit"),
        (ops.DepthwiseConv2d("c", (), ()), [image(4, 4, 3), *constants((1, 3, 3, 4), (4,))], "take 4 channels"),
        (
            ops.Conv2d("c", (), (), tile_pixels=0),
            [image(4, 4, 3), *constants((2, 3, 3, 3), (2,))],
            "a tile of 0 pixels",
        ),
        (ops.Dense("d", (), ()), [Tensor("x", (1, 7)), *constants((2, 6), (2,))], "take 6 values"),
        (ops.Add("a", (), ()), [image(4, 4, 3), image(4, 4, 1)], "differ"),
        (ops.Mean("m", (), ()), [Tensor("x", (1, 7))], "needs an image"),
        (ops.Concat("k", (), ()), [image(4, 4, 3), image(4, 5, 3)], "images of one size"),
        (ops.MaxPool2d("p", (), ()), [image(1, 4, 3)], "window does not fit"),
        (ops.ScaleChannels("s", (), ()), [image(1, 4, 3), *constants((4,), (4,))], r"must have shape \(3,\)"),
        (ops.NonMaxSuppression("n", (), ()), [Tensor("x", (1, 7))], "no list of boxes"),
        (ops.DecodeBoxes("b", (), ()), [image(4, 4, 4), image(4, 4, 3)], "1 anchors need"),
    ],
)
def test_shapes_that_do_not_fit(op: ops.Conv2d, inputs: list[Tensor], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        op.infer_shape(inputs)


def test_rnn_pool_checks_every_constant() -> None:
    build = GraphBuilder("g", (16, 16, 3))
    op = build.finish(build.rnn_pool("image", hidden=(6, 5), patch=(8, 8), stride=4)).ops[0]
    for index in range(1, 9):
        inputs = [build.graph.tensors[n] for n in op.inputs]
        inputs[index] = Tensor("wrong", tuple(n + 1 for n in inputs[index].shape))
        with pytest.raises(UserError, match="must have shape"):
            op.infer_shape(inputs)


@pytest.mark.parametrize("kind", [ops.Conv2d, ops.DepthwiseConv2d, ops.Dense])
def test_accumulators_that_the_kernels_cannot_hold_are_refused(kind: type[Op]) -> None:
    build = GraphBuilder("overflow", (4, 4, 2))
    layer = {ops.Conv2d: lambda: build.conv("image", 2), ops.DepthwiseConv2d: lambda: build.depthwise("image")}
    build.finish(layer.get(kind, lambda: build.dense("image", 2))())
    op = build.graph.ops[0]
    op.kernel(build.graph)
    op.constant(build.graph, 2)[1] = 1 << 30
    with pytest.raises(UserError, match="channel 1 can overflow"):
        op.kernel(build.graph)


def test_row_window_is_clipped_to_the_tensor() -> None:
    window = RowWindow(stride=2, offset=-1, size=3)
    assert window.span(0, 5) == (0, 2)
    assert window.span(1, 5) == (1, 4)
    assert window.span(2, 5) == (3, 5)
    assert window.span(9, 5) == (5, 5)


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ({"stages": ("depthwise", "expand")}, "are no stages"),
        ({"stages": ("expand", "project")}, "are no stages"),
        ({"stages": ("depthwise",), "quantizations": (), "stage_activations": ("none",)}, "one stage alone"),
        ({"stage_activations": ("none", "relu9")}, "unknown activation"),
        ({"quantizations": ((1.0, 0), (1.0, 0))}, "are no stages"),
        ({"inputs": ("x", "c0", "c1")}, "3 inputs do not fit"),
        ({"padding": (3, 1, 0, 1), "stages": ("depthwise", "add"), "inputs": ("x", "c0", "c1")}, "differ"),
        (
            {"padding": (3, 1, -1, 1), "stages": ("depthwise", "add"), "inputs": ("x", "c0", "c1")},
            "3 rows does not fit",
        ),
    ],
)
def test_bottlenecks_that_do_not_fit(attributes: dict[str, object], problem: str) -> None:
    op = ops.InvertedBottleneck("b", ("x", "c0", "c1", "c2", "c3"), ("y",), ("depthwise", "project"), ("none", "none"))
    op = replace(op, **attributes)  # type: ignore[arg-type]
    inputs = [image(4, 4, 3), *constants((1, 3, 3, 3), (3,), (5, 1, 1, 3), (5,))][: len(op.inputs)]
    with pytest.raises(UserError, match=problem):
        op.infer_shape(inputs)


def test_a_bottleneck_reads_rows_once_unless_it_recomputes() -> None:
    build = GraphBuilder("g", (9, 8, 3))
    wide = build.conv("image", 6, 1, 1, 0)
    graph = build.finish(build.simple(ops.Add, "image", build.pointwise(build.depthwise(wide), 3)))
    (block,) = find_blocks(graph)
    kept, again = (fuse_block(graph, block, 4, recompute) for recompute in (False, True))
    assert kept.ops[0].windows(kept) == [RowWindow(1, 0, 2, lead=1)]
    assert again.ops[0].windows(again) == [RowWindow(1, -1, 3)]
    assert kept.ops[0].kernel(kept).state_bytes == 2 * 8 * 6
    assert again.ops[0].kernel(again).state_bytes == 0
    assert (kept.ops[0].in_place_inputs(kept), again.ops[0].in_place_inputs(again)) == (("image",), ())
