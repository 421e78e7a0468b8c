"""Units of an RNNPool in another order: equal bytes, and more pairs of weights."""

import numpy as np
import pytest
from graphs import GraphBuilder
from models import noise_images

from mcu_vision import ops
from mcu_vision.ir import Graph
from mcu_vision.ops.rnn_pool import RnnPool
from mcu_vision.plan.rewrite.order_pool_units import order_pool_units
from mcu_vision.reference import run_graph


def sparse_pool(readers: int, share: float = 0.3) -> Graph:
    """An RNNPool that so many convolutions read, of which all but the last have the same weights."""
    build = GraphBuilder("pool", (20, 24, 2), 1)
    x = build.rnn_pool("image", (8, 12), patch=(8, 8), stride=4, replicate_last=True)
    data = build.graph.tensors["rnn_pool0.u2"].data
    assert data is not None
    data[build.random.random(data.shape) >= share] = 0
    outputs = [build.conv(x, 5) for _ in range(readers)]
    convolutions = build.graph.ops[1:]
    for op in convolutions[:-1]:
        op.inputs = (op.inputs[0], convolutions[0].inputs[1], op.inputs[2])
    return build.finish(*(outputs or [x]))


def whole_pairs(graph: Graph) -> int:
    op = next(op for op in graph.ops if isinstance(op, RnnPool))
    u = op.constant(graph, 6)
    return int((u.reshape(len(u), -1, 2) != 0).all(2).sum())


@pytest.mark.parametrize("readers", [1, 3])
def test_equal_bytes_and_more_pairs(readers: int) -> None:
    graph = sparse_pool(readers)
    result = order_pool_units(graph)
    assert whole_pairs(result) > whole_pairs(graph)
    images = np.concatenate(noise_images(graph, 2))
    expected, found = run_graph(graph, images), run_graph(result, images)
    for name in graph.outputs:
        np.testing.assert_array_equal(found[name], expected[name])


def test_outputs_dense_matrices_and_other_readers_stay() -> None:
    assert order_pool_units(outputs := sparse_pool(0)) is outputs
    assert order_pool_units(dense := sparse_pool(1, 1.0)) is dense
    build = GraphBuilder("pool", (20, 24, 2), 1)
    x = build.rnn_pool("image", (8, 8), patch=(8, 8), stride=4)
    data = build.graph.tensors["rnn_pool0.u2"].data
    assert data is not None
    data[build.random.random(data.shape) >= 0.3] = 0
    graph = build.finish(build.simple(ops.Requantize, x))
    assert order_pool_units(graph) is graph
