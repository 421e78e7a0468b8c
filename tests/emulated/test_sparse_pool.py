"""RNNPool with many zeros: its generated code gives the bytes of the integer reference on the emulated board."""

import shutil
from pathlib import Path

import pytest
from graphs import GraphBuilder
from models import BuiltModel, noise_images

from mcu_vision.ir import Graph
from mcu_vision.ops.rnn_pool import RnnPool
from mcu_vision.verify import verify_executions


def sparse_graph(hidden: tuple[int, int], channels: int, pre_bits: int, patch: tuple[int, int] = (7, 5)) -> Graph:
    build = GraphBuilder("sparse", (14, 17, channels), 5)
    graph = build.finish(build.rnn_pool("image", hidden, patch=patch, stride=patch[0] // 2, replicate_last=True))
    op = graph.ops[0]
    assert isinstance(op, RnnPool)
    op.keep_products = patch[0] == patch[1]
    op.formats = tuple(f._replace(pre_bits=pre_bits, u_bits=pre_bits + 1) for f in op.formats)
    if channels > 1:
        op.formats = (op.formats[0]._replace(w_bits=pre_bits + 9), op.formats[1])
    for name in (n for n in op.inputs if n[-2:] in ("w1", "u1", "w2", "u2")):
        data = graph.tensors[name].data
        assert data is not None
        data[build.random.random(data.shape) >= 0.3] = 0
    return graph


@pytest.mark.parametrize(
    ("hidden", "channels", "pre_bits", "patch", "toolchain"),
    [
        ((16, 16), 4, 12, (7, 5), "gcc"),
        ((16, 16), 3, 11, (7, 5), "zig"),
        ((8, 16), 4, 12, (8, 8), "zig"),
        ((16, 8), 1, 13, (8, 8), "gcc"),
    ],
)
def test_equal_bytes(
    hidden: tuple[int, int], channels: int, pre_bits: int, patch: tuple[int, int], toolchain: str, tmp_path: Path
) -> None:
    if toolchain == "gcc" and not shutil.which("arm-none-eabi-gcc"):
        pytest.skip("needs arm-none-eabi-gcc on the PATH")
    built = BuiltModel.generate(sparse_graph(hidden, channels, pre_bits, patch), tmp_path)
    weights = (tmp_path / "src" / "sparse_weights.c").read_text()
    assert weights.count("NN_RNN_SPARSE_SWEEP(") == 2
    assert weights.count("NN_RNN_SPARSE_PROJECT(") == (pre_bits >= 12)
    assert weights.count("NN_RNN_SPARSE_PIXELS(") == (channels > 1)
    executions = built.executions(emulated=True, toolchain=toolchain)
    outcome = verify_executions(built.program.graph, executions, noise_images(built.program.graph, 2))
    assert outcome.equal, outcome.first_difference
