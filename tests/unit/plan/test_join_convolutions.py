from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from graphs import GraphBuilder
from models import REGIONS, BuiltModel, noise_images
from replay import check_program

from mcu_vision import ops
from mcu_vision.errors import UserError
from mcu_vision.ir import Graph, Quantization
from mcu_vision.plan import PlanOptions, plan_graph
from mcu_vision.plan.rewrite.join_convolutions import join_convolutions
from mcu_vision.reference import run_graph


def heads(activation: str = "none", winograd: bool = True) -> Graph:
    """Two convolutions of one map, of different scales and zero points, and a third of another."""
    build = GraphBuilder("heads", (10, 13, 3))
    x = build.conv("image", 16, activation="none")
    first, second = build.conv(x, 4, activation="none"), build.conv(x, 2, activation=activation)
    build.graph.tensors[second].quantization = Quantization((0.031,), 17)
    third = build.conv(build.conv(x, 16, stride=2), 4, activation="none")
    sums = [build.dense(build.simple(ops.Mean, name), 3) for name in (first, second, third)]
    graph = build.finish(build.simple(ops.Add, build.simple(ops.Add, *sums[:2]), sums[2]))
    graph.ops = [
        replace(op, winograd=winograd and op.winograd_fits(graph)) if isinstance(op, ops.Conv2d) else op
        for op in graph.ops
    ]
    return graph


def joined(graph: Graph) -> list[ops.Conv2d]:
    return [op for op in graph.ops if isinstance(op, ops.Conv2d) and op.parts]


def test_tensors_keep_their_bytes() -> None:
    graph = heads()
    result = join_convolutions(graph)
    (op,) = joined(result)
    assert [channels for channels, _, _ in op.parts] == [4, 2]
    assert sum(op.kind == "select" for op in result.ops) == 2
    image = noise_images(graph, 1)[0]
    before, after = run_graph(graph, image, keep_all=True), run_graph(result, image, keep_all=True)
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, name)


@pytest.mark.parametrize("graph", [heads(activation="relu"), heads(winograd=False)], ids=["activation", "no winograd"])
def test_nothing_to_join(graph: Graph) -> None:
    assert join_convolutions(graph) is graph


def test_constants_that_others_read_stay() -> None:
    graph = heads()
    second = graph.ops[2]
    spare = replace(second, name="again", outputs=("again",), winograd=False)  # type: ignore[call-arg]
    graph.tensors["again"] = replace(graph.tensors[second.outputs[0]], name="again")
    graph.ops.insert(graph.ops.index(second) + 1, spare)
    assert join_convolutions(graph) is graph


def test_parts_have_all_channels() -> None:
    (op,) = joined(join_convolutions(heads()))
    graph = join_convolutions(heads())
    with pytest.raises(UserError, match="cannot compute these parts of 6 channels"):
        replace(op, parts=op.parts[:1]).infer_shape([graph.tensors[name] for name in op.inputs])


def test_the_fastest_plan_joins_them() -> None:
    program = plan_graph(heads(), REGIONS, 200 << 10, PlanOptions(optimize="time"))
    assert len(joined(program.graph)) == 1
    check_program(program, {r.name: r.size_bytes for r in REGIONS})


def test_bytes_are_those_of_the_reference(tmp_path: Path) -> None:
    built = BuiltModel.generate(join_convolutions(heads()), tmp_path, "stream")
    assert len(joined(built.program.graph)) == 1
    image = noise_images(built.program.graph, 1)[0]
    results = {name: run(image) for name, run in built.executions(emulated=True).items()}
    for name, result in results.items():
        for tensor, value in results["reference"].items():
            np.testing.assert_array_equal(result[tensor], value, f"{name}, {tensor}")
