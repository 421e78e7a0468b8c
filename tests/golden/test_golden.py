"""Generated C of small graphs, kept as text: `pytest tests/golden --update-golden` renews it."""

from pathlib import Path

import pytest
from graphs import GraphBuilder, tiny_classifier
from models import BuiltModel

from mcu_vision import ops
from mcu_vision.ir import Graph
from mcu_vision.plan.rewrite.fuse_blocks import find_blocks, fuse_block

FOLDER = Path(__file__).parent / "expected"


def residual_chain() -> Graph:
    build = GraphBuilder("residual-chain", (9, 8, 1), 7)
    x = build.conv("image", 4, 3, 2)
    y = build.simple(ops.Add, x, build.pointwise(build.depthwise(x), 4))
    return build.finish(build.conv(y, 2, 3))


def fused() -> Graph:
    build = GraphBuilder("fused", (9, 8, 2), 9)
    x = build.conv("image", 4, 3, 2)
    y = build.simple(ops.Add, x, build.pointwise(build.depthwise(build.conv(x, 6, 1, 1, 0)), 4))
    graph = build.finish(build.pointwise(build.depthwise(y, stride=2), 2))
    for block in find_blocks(graph):
        graph = fuse_block(graph, block, tile_pixels=3, recompute=False)
    return graph


def pooled() -> Graph:
    build = GraphBuilder("pooled", (16, 16, 2), 8)
    x = build.rnn_pool("image", (4, 4), patch=(8, 8), stride=4, replicate_last=True)
    return build.finish(build.dense(build.simple(ops.Mean, x), 2))


def pulled() -> Graph:
    build = GraphBuilder("pulled", (7, 8, 3), 9)
    return build.finish(build.conv(build.conv("image", 4, 3, 2), 3, 3, 2))


@pytest.mark.parametrize(
    "graph", [residual_chain(), fused(), pooled(), pulled(), tiny_classifier(9)], ids=lambda g: g.name
)
def test_generated_sources_are_as_expected(graph: Graph, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    built = BuiltModel.generate(graph, tmp_path, source="rows" if graph.name == "pulled" else "frame")
    for name in (f"{built.prefix}.h", f"{built.prefix}.c", f"{built.prefix}_weights.c", "README.md"):
        actual = (built.folder / "src" / name).read_text()
        expected = FOLDER / graph.name / name
        if request.config.getoption("--update-golden"):
            expected.parent.mkdir(parents=True, exist_ok=True)
            expected.write_text(actual)
        assert actual == expected.read_text(), f"{name} changed: look, then run with --update-golden"
