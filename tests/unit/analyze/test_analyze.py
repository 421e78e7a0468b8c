"""What an analysis says of graphs whose faults are known."""

import pytest
from cli_runner import Cli
from graphs import GraphBuilder, tiny_classifier, tiny_detector
from models import REGIONS

from mcu_vision import ops
from mcu_vision.analyze import Advice, advise, describe_structure, list_layers
from mcu_vision.analyze.advice import Alternative
from mcu_vision.analyze.layers import longest_path
from mcu_vision.ir import Graph, Quantization
from mcu_vision.plan import PlanOptions, Program, plan_graph

BUDGET = 250 << 10


def plan(graph: Graph, **options: object) -> Program:
    return plan_graph(graph, REGIONS, BUDGET, PlanOptions(**options))  # type: ignore[arg-type]


def advice_on(graph: Graph, *alternatives: Alternative) -> list[Advice]:
    program = plan(graph)
    layers = list_layers(program)
    return advise(graph, program, layers, describe_structure(program, layers), alternatives)


def test_layers_add_up() -> None:
    graph = tiny_classifier()
    program = plan(graph)
    layers = list_layers(program)
    structure = describe_structure(program, layers)
    assert structure.macs == graph.macs()
    assert structure.parameters == sum(t.data.size for t in graph.tensors.values() if t.data is not None)
    assert structure.cycles == pytest.approx(program.cycles_estimated, rel=1e-3)
    assert structure.arena_bytes == program.total_bytes
    assert structure.peak_live_bytes == program.live_bytes().max()
    assert sum(layer.share for layer in layers) == pytest.approx(1)


def test_memory_access_is_that_of_the_paper() -> None:
    """hw (c1 + c2) + c1 c2, and here the bias."""
    build = GraphBuilder("net", (6, 8, 16))
    graph = build.finish(build.conv("image", 32, 1, 1, 0))
    (layer,) = list_layers(plan(graph))
    assert layer.access_bytes == 6 * 8 * (16 + 32) + 16 * 32 + 4 * 32


def test_fragmentation_of_a_chain_and_of_branches() -> None:
    build = GraphBuilder("net", (8, 8, 4))
    x = build.conv("image", 8)
    chain = build.finish(build.conv(x, 8))
    assert longest_path(chain) == 2
    program = plan(chain)
    assert describe_structure(program, list_layers(program)).fragmentation == 1
    shared = Quantization((0.05,), 0)
    heads = [build.simple(ops.Requantize, build.conv(x, 4), quantization=shared) for _ in range(4)]
    build.simple(ops.Concat, *heads, quantization=shared)
    assert longest_path(build.graph) == 4


def test_unequal_channels() -> None:
    build = GraphBuilder("net", (8, 8, 4))
    graph = build.finish(build.conv(build.conv("image", 64, 1, 1, 0), 64, 1, 1, 0))
    found = [item for item in advice_on(graph) if item.topic == "G1"]
    assert [item.operator for item in found] == ["conv2d0"]
    assert "from 4 to 64 channels; 16 on both sides" in found[0].text
    assert found[0].saving == pytest.approx(1 - (2 * 64 * 16 + 256) / (64 * 68 + 256))


def test_groups_and_element_wise_operators() -> None:
    build = GraphBuilder("net", (8, 8, 8))
    shared = build.graph.tensors["image"].quantization
    parts = []
    for first in (0, 4):
        part = build.simple(ops.Select, "image", quantization=shared, channels=tuple(range(first, first + 4)))
        parts.append(build.conv(part, 4))
        build.graph.tensors[parts[-1]].quantization = Quantization((0.05,), 0)
    graph = build.finish(build.simple(ops.Concat, *parts, quantization=Quantization((0.05,), 0)))
    found = {item.topic: item for item in advice_on(graph)}
    assert "joins 2 groups" in found["G2"].text
    assert f"moves {2 * 256 + 512:,} B" in found["G2"].text
    assert found["G4"].saving > 0.1


def test_other_plans_are_told_with_what_they_cost() -> None:
    graph = tiny_detector()
    rows = plan(graph, input="rows", optimize="ram")
    found = [item for item in advice_on(graph, Alternative("--input rows", rows)) if item.text.startswith("--input")]
    assert len(found) == 1
    assert f"{rows.total_bytes:,} B of arena in place of {plan(graph).total_bytes:,}" in found[0].text
    assert found[0].saving == pytest.approx(1 - rows.total_bytes / plan(graph).total_bytes)


def test_a_shortcut_that_waits_at_the_peak() -> None:
    build = GraphBuilder("net", (16, 16, 8))
    x = build.conv("image", 32, 1, 1, 0)
    y = build.simple(ops.Mean, build.conv(x, 32))
    shared = build.graph.tensors[y].quantization
    y = build.simple(ops.Rearrange, y, quantization=shared, shape=(1, 1, 32), view=(32,), axes=(0,))
    y = build.simple(ops.Select, y, quantization=shared, rows=(0,) * 16, columns=(0,) * 16)
    graph = build.finish(build.simple(ops.Add, x, y))
    found = [item for item in advice_on(graph) if "shortcut" in item.text]
    assert [item.operator for item in found] == [graph.ops[-1].name]
    assert f"adds {x}" in found[0].text
    assert 0.05 < found[0].saving < 1


MODULE = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU6(), nn.Conv2d(8, 40, 1), nn.Sigmoid())
"""


def test_modules_and_files(cli: Cli) -> None:
    (cli.folder / "net.py").write_text(MODULE)
    text = cli("analyze", "net.py:Net", "--input", "48x32x3", "--html", "a.html")
    assert "table of its own" in text
    assert "from 8 to 40 channels" in text
    assert "Advice" in (cli.folder / "a.html").read_text()
    report = cli.json("analyze", cli.model(tiny_classifier()))
    assert report["fits"]
    assert report["structure"]["macs"] == tiny_classifier().macs()
    assert "--input" in cli.error("analyze", "net.py:Net")
    assert "nowhere" in cli.error("analyze", "nowhere")


def test_a_model_that_no_board_holds_is_analysed_all_the_same(cli: Cli) -> None:
    build = GraphBuilder("large", (400, 500, 3))
    report = cli.json("analyze", cli.model(build.finish(build.conv("image", 4, 3, 2))))
    assert not report["fits"]
    assert "--input rows" in report["problem"]
    assert report["layers"][0]["macs"] > 0
