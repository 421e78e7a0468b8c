"""Generated C that pulls the rows of its image, on this machine."""

from pathlib import Path

import numpy as np
import pytest
from graphs import GraphBuilder, tiny_classifier, tiny_detector
from models import BuiltModel, noise_images

from mcu_vision.ir import Graph
from mcu_vision.reference import run_graph
from mcu_vision.toolchain.host_model import HostModel
from mcu_vision.verify import verify_executions


def outputs(host: HostModel, graph: Graph) -> list[bytes]:
    return [host.output(i) for i in range(len(graph.outputs))]


def expected(graph: Graph, image: np.ndarray) -> list[bytes]:
    return [value.tobytes() for value in run_graph(graph, image).values()]


@pytest.mark.parametrize("mode", ["auto", "stream", "layers"])
@pytest.mark.parametrize("graph", [tiny_detector(3), tiny_classifier(3)], ids=lambda g: g.name)
def test_every_tensor_is_equal_to_the_reference(graph: Graph, mode: str, tmp_path: Path) -> None:
    built = BuiltModel.generate(graph, tmp_path, mode, source="rows")
    outcome = verify_executions(built.program.graph, built.executions(), noise_images(graph, 2))
    assert outcome.equal, outcome.first_difference


def test_rows_are_asked_for_in_order_and_once(tmp_path: Path) -> None:
    graph = tiny_detector()
    host = BuiltModel.generate(graph, tmp_path, source="rows").host()
    (image,) = noise_images(graph, 1)
    asked: list[int] = []

    def source(row: int) -> bytes:
        asked.append(row)
        return image[0, row].tobytes()

    host.read_rows_from(source)
    host.invoke()
    assert asked == list(range(graph.input.rows))
    assert outputs(host, graph) == expected(graph, image)


def test_a_source_that_ends_leaves_nothing_behind(tmp_path: Path) -> None:
    graph = tiny_detector()
    host = BuiltModel.generate(graph, tmp_path, source="rows").host()
    first, second = noise_images(graph, 2)
    for last in range(graph.input.rows):
        asked: list[int] = []

        def broken(row: int, last: int = last, asked: list[int] = asked) -> bytes | None:
            asked.append(row)
            return first[0, row].tobytes() if row < last else None

        host.read_rows_from(broken)
        with pytest.raises(RuntimeError):
            host.invoke()
        assert asked == list(range(last + 1))
        host.write_input(second.tobytes())
        host.invoke()
        assert outputs(host, graph) == expected(graph, second)


def test_an_image_of_which_no_plan_could_hold_a_frame(tmp_path: Path) -> None:
    build = GraphBuilder("large", (480, 640, 3))
    graph = build.finish(build.conv(build.conv("image", 2, 3, 4), 4, 3, 4))
    built = BuiltModel.generate(graph, tmp_path, source="rows")
    assert built.program.total_bytes < graph.input.size_bytes // 20
    outcome = verify_executions(built.program.graph, built.executions(), noise_images(graph, 1))
    assert outcome.equal, outcome.first_difference


def test_the_header_offers_no_buffer_for_the_image(tmp_path: Path) -> None:
    built = BuiltModel.generate(tiny_detector(), tmp_path, source="rows")
    header = (built.folder / "src" / f"{built.prefix}.h").read_text()
    assert f"int {built.prefix}_read_row(int32_t row, int8_t *to);" in header
    assert f"{built.prefix}_input(" not in header
    assert "INPUT_PRESERVED" not in header
