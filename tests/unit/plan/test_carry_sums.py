from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from graphs import GraphBuilder
from models import REGIONS, BuiltModel, noise_images
from replay import check_program

from mcu_vision import ops
from mcu_vision.ir import Graph
from mcu_vision.plan import PlanOptions, plan_graph
from mcu_vision.plan.rewrite.carry_sums import carry_sums
from mcu_vision.plan.rewrite.trunk_first import trunk_first


def two_heads(height: int = 11, width: int = 13) -> Graph:
    """A trunk whose wide maps are read by convolutions to few channels, of which two share one."""
    build = GraphBuilder("heads", (height, width, 3))
    x = build.conv("image", 32, activation="none")
    maps = [build.conv(x, 2, activation="none"), build.conv(x, 3, activation="none")]
    y = build.conv(x, 32, 1, 1, 0, activation="none")
    maps.append(build.conv(y, 1, 5, 1, 2, activation="none"))
    return build.finish(*maps)


def carrying(graph: Graph) -> list[bool]:
    return [op.carry for op in graph.ops if isinstance(op, ops.Conv2d)]


def test_where_it_saves() -> None:
    assert carrying(carry_sums(two_heads())) == [False, True, True, False, True]


def test_not_where_another_reader_keeps_the_rows() -> None:
    build = GraphBuilder("shared", (9, 9, 4))
    x = build.conv("image", 16, activation="none")
    graph = build.finish(build.conv(x, 1, activation="none"), build.conv(x, 8, stride=2, activation="none"))
    assert carry_sums(graph) is graph


def test_it_takes_less_ram() -> None:
    graph = two_heads(40, 40)
    options = PlanOptions(schedule="stream")
    with_rows, with_sums = (plan_graph(g, REGIONS, 200 << 10, options) for g in (graph, carry_sums(graph)))
    assert with_sums.live_bytes().max() < with_rows.live_bytes().max()


@pytest.mark.parametrize("schedule", ["stream", "layers"])
def test_bytes_are_those_of_the_reference(schedule: str, tmp_path: Path) -> None:
    built = BuiltModel.generate(carry_sums(two_heads()), tmp_path, schedule)
    assert sum(carrying(built.program.graph)) == 3
    check_program(built.program, {r.name: r.size_bytes for r in REGIONS})
    image = noise_images(built.program.graph, 1)[0]
    results = {name: run(image) for name, run in built.executions(emulated=schedule == "stream").items()}
    for name, result in results.items():
        for tensor, value in results["reference"].items():
            np.testing.assert_array_equal(result[tensor], value, f"{name}, {tensor}")


def test_the_trunk_comes_first_where_it_writes_over_its_input() -> None:
    build = GraphBuilder("branch", (12, 12, 8))
    x = build.conv("image", 16, activation="none")
    side = build.conv(build.simple(ops.Requantize, x), 8, activation="none")
    end = build.simple(ops.Add, build.depthwise(x), x)
    graph = build.finish(side, end)
    ordered = trunk_first(graph)
    ordered.verify()
    assert sorted(op.name for op in ordered.ops) == sorted(op.name for op in graph.ops)
    schedule = PlanOptions(schedule="stream")
    plans = [plan_graph(replace(g), REGIONS, 200 << 10, schedule) for g in (graph, ordered)]
    for program in plans:
        check_program(program, {r.name: r.size_bytes for r in REGIONS})
