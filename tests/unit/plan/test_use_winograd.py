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
from mcu_vision.plan.rewrite import use_winograd as rewrite
from mcu_vision.plan.rewrite.use_winograd import use_winograd


def residual(height: int = 13, width: int = 18) -> Graph:
    """Convolutions that Winograd's method takes, with rows and columns left over, read at other strides and added."""
    build = GraphBuilder("residual", (height, width, 3))
    x = build.conv("image", 16, activation="none")
    y = build.conv(build.conv(x, 16, activation="none"), 16, activation="none")
    z = build.conv(build.simple(ops.Add, x, y), 32, stride=2, activation="none")
    return build.finish(build.simple(ops.Mean, build.conv(z, 6, activation="none")))


def chosen(graph: Graph) -> list[bool]:
    return [op.winograd for op in graph.ops if isinstance(op, ops.Conv2d)]


def test_where_it_fits() -> None:
    graph = residual()
    assert [op.winograd_fits(graph) for op in graph.ops if isinstance(op, ops.Conv2d)] == [
        False,
        True,
        True,
        False,
        True,
    ]
    assert chosen(use_winograd(graph))[:4] == [False, True, True, False]


def test_not_where_accumulators_are_too_large() -> None:
    graph = residual()
    bias = graph.tensors[graph.ops[1].inputs[2]]
    assert bias.data is not None
    graph.tensors[bias.name] = replace(bias, data=np.full_like(bias.data, 2**25))
    assert chosen(use_winograd(graph))[:3] == [False, False, True]


def test_filters_are_kept_within_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrite, "FLASH_BYTES", 16 * 16 * 72 + 500)
    assert sum(chosen(use_winograd(residual()))) == 1


def test_the_fastest_plan_uses_it() -> None:
    program = plan_graph(residual(), REGIONS, 200 << 10, PlanOptions(optimize="time"))
    assert any(chosen(program.graph))
    check_program(program, {r.name: r.size_bytes for r in REGIONS})


@pytest.mark.parametrize("schedule", ["stream", "layers"])
def test_bytes_are_those_of_the_reference(schedule: str, tmp_path: Path) -> None:
    graph = residual()
    graph = replace(
        graph,
        ops=[replace(op, winograd=op.winograd_fits(graph)) if isinstance(op, ops.Conv2d) else op for op in graph.ops],
    )
    built = BuiltModel.generate(graph, tmp_path, schedule)
    assert sum(chosen(built.program.graph)) == 3
    check_program(built.program, {r.name: r.size_bytes for r in REGIONS})
    image = noise_images(graph, 1)[0]
    results = {name: run(image) for name, run in built.executions(emulated=schedule == "stream").items()}
    for name, result in results.items():
        for tensor, value in results["reference"].items():
            np.testing.assert_array_equal(result[tensor], value, f"{name}, {tensor}")
