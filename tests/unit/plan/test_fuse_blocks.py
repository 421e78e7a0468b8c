from pathlib import Path

import numpy as np
import pytest
from graphs import GraphBuilder, tiny_detector
from hypothesis import given, settings
from hypothesis import strategies as st
from models import BuiltModel, noise_images
from replay import check_program

from mcu_vision import ops
from mcu_vision.ir import Graph
from mcu_vision.plan import ArenaRegion, PlanOptions, plan_graph
from mcu_vision.plan.rewrite.fuse_blocks import find_blocks, fuse_block
from mcu_vision.reference import run_graph
from mcu_vision.saved_model import load_graph, save_graph
from mcu_vision.verify import verify_executions

FULL = ("expand", "depthwise", "project")


def fuse_all(graph: Graph, tile_pixels: int = 3, recompute: bool = False) -> Graph:
    for block in find_blocks(graph):
        graph = fuse_block(graph, block, tile_pixels, recompute)
    graph.verify()
    return graph


@st.composite
def block_chains(draw: st.DrawFn) -> Graph:
    """Inverted bottlenecks of every make, some with a part missing or read twice."""
    build = GraphBuilder("chain", (draw(st.integers(4, 12)), draw(st.integers(3, 11)), 2), draw(st.integers(0, 99)))
    x = build.conv("image", 4)
    outputs = []
    for _ in range(draw(st.integers(1, 3))):
        kernel, stride = draw(st.sampled_from([(3, 1), (3, 2), (5, 1), (1, 1)]))
        wide = build.conv(x, draw(st.sampled_from([4, 6])), 1, 1, 0) if draw(st.booleans()) else x
        middle = build.depthwise(wide, kernel, stride, kernel // 2)
        y = build.pointwise(middle, 4) if draw(st.booleans()) else middle
        same = build.graph.tensors[x].shape == build.graph.tensors[y].shape
        if same and draw(st.booleans()):
            y = build.simple(ops.Add, *draw(st.permutations([x, y])))
        if draw(st.integers(0, 3)) == 0:
            outputs.append(build.simple(ops.Mean, draw(st.sampled_from([wide, middle, y]))))
        x = y
    return build.finish(*outputs, build.simple(ops.Requantize, x))


@settings(max_examples=50, deadline=None)
@given(
    graph=block_chains(), tile=st.integers(1, 5), recompute=st.booleans(), mode=st.sampled_from(["stream", "layers"])
)
def test_fused_graphs_mean_the_same_and_plan(graph: Graph, tile: int, recompute: bool, mode: str) -> None:
    fused = fuse_all(graph, tile, recompute)
    image = noise_images(graph, 1)[0]
    expected, actual = run_graph(graph, image), run_graph(fused, image)
    for name in graph.outputs:
        np.testing.assert_array_equal(actual[name], expected[name])
    program = plan_graph(fused, [ArenaRegion("sram", 1 << 20, dma=True)], 1 << 20, PlanOptions(schedule=mode))
    check_program(program, {"sram": 1 << 20})


def test_all_blocks_of_a_detector_are_found() -> None:
    graph = tiny_detector()
    blocks = find_blocks(graph)
    assert [block.stages for block in blocks] == [FULL, (*FULL, "add"), FULL]
    fused = fuse_all(graph)
    assert sum(op.kind == "inverted_bottleneck" for op in fused.ops) == 3
    assert not any(op.kind in ("depthwise_conv2d", "add") for op in fused.ops)
    assert fused.macs() == graph.macs()


def test_maps_that_others_read_stay() -> None:
    build = GraphBuilder("shared", (8, 8, 3))
    wide = build.conv("image", 6, 1, 1, 0)
    middle = build.depthwise(wide)
    out = build.pointwise(middle, 3)
    graph = build.finish(out)
    assert [block.stages for block in find_blocks(graph)] == [FULL]
    graph.outputs = (out, wide)
    assert [block.stages for block in find_blocks(graph)] == [FULL[1:]]
    graph.outputs = (out, wide, middle)
    assert find_blocks(graph) == []


def test_dilated_and_tall_kernels_stay() -> None:
    build = GraphBuilder("unfit", (20, 20, 3))
    tall = build.depthwise(build.conv("image", 6, 1, 1, 0), 9, 1, 4)
    assert find_blocks(build.finish(build.pointwise(tall, 3))) == []
    build = GraphBuilder("dilated", (20, 20, 3))
    y = build.depthwise(build.conv("image", 6, 1, 1, 0), 3, 1, 2, dilation=(2, 2))
    assert find_blocks(build.finish(build.pointwise(y, 3))) == []


def test_recomputed_rows_count() -> None:
    build = GraphBuilder("recompute", (8, 8, 3))
    graph = build.finish(build.pointwise(build.depthwise(build.conv("image", 6, 1, 1, 0)), 3))
    # Of the windows of three rows the first and the last reach outside.
    assert fuse_all(graph, recompute=True).macs() - graph.macs() == (8 * 3 - 2 - 8) * 8 * 3 * 6


def test_a_fused_graph_is_saved_and_printed(tmp_path: Path) -> None:
    fused = fuse_all(tiny_detector(), tile_pixels=5, recompute=True)
    save_graph(fused, tmp_path / "fused.safetensors")
    loaded = load_graph(tmp_path / "fused.safetensors")
    assert loaded.ops == fused.ops
    assert str(loaded) == str(fused)
    assert '"tile_pixels": 5, "recompute": true' in str(loaded)


@pytest.mark.parametrize("recompute", [False, True])
def test_a_fused_detector_runs_on_the_board(recompute: bool, tmp_path: Path) -> None:
    graph = tiny_detector()
    built = BuiltModel.generate(fuse_all(graph, recompute=recompute), tmp_path)
    runs = built.executions(emulated=not recompute)
    images = noise_images(graph, 2)
    outcome = verify_executions(built.program.graph, runs, images)
    assert outcome.equal, outcome.first_difference
