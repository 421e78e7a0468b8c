"""Accesses that the plan does not give to the running step stop the emulator; all others change nothing."""

import re
import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
from graphs import GraphBuilder, tiny_classifier, tiny_detector
from models import BuiltModel, noise_images

from mcu_vision import ops
from mcu_vision.emulate.interface import ArenaViolation
from mcu_vision.emulate.unicorn_board import UnicornBoard
from mcu_vision.ir import Graph, Quantization

OUTPUT_ROW = r"nn_row\(&(tensor_\d+), step\), \(void"


def infer(board: UnicornBoard, graph: Graph) -> list[str]:
    """Answer of an inference of noise."""
    pointer = int.from_bytes(board.read_memory(board.symbol("model_input_pointer"), 4), "little")
    board.write_memory(pointer, noise_images(graph, 1)[0].tobytes())
    return board.command("infer 1 0%")


def patch(built: BuiltModel, op: str, change: Callable[[str], str]) -> None:
    """Change the generated C function that runs `op`."""
    source = built.folder / "src" / f"{built.prefix}.c"
    text = source.read_text()
    found = re.search(rf"/\* {op}: \w+ -> .*?\n}}\n", text, re.DOTALL)
    assert found, op
    changed = change(found[0])
    assert changed != found[0]
    source.write_text(text.replace(found[0], changed))


def violation(built: BuiltModel) -> ArenaViolation:
    """What the guard finds in an inference."""
    with built.board() as board, pytest.raises(ArenaViolation) as caught:
        infer(board, built.program.graph)
    return caught.value


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> BuiltModel:
    return BuiltModel.generate(tiny_detector(), tmp_path_factory.mktemp("guard") / "model", "stream")


@pytest.fixture
def detector(sources: BuiltModel, tmp_path: Path) -> BuiltModel:
    """The same for each test to change."""
    return replace(sources, program=deepcopy(sources.program), folder=shutil.copytree(sources.folder, tmp_path / "m"))


@pytest.mark.parametrize("mode", ["stream", "layers"])
@pytest.mark.parametrize("graph", [tiny_detector(), tiny_classifier()], ids=lambda g: g.name)
def test_the_guard_changes_nothing(graph: Graph, mode: str, tmp_path: Path) -> None:
    built = BuiltModel.generate(graph, tmp_path / "model", mode)
    found = []
    for guard in (False, True):
        with built.board(guard=guard) as board:
            infer(board, graph)
            arenas = [
                board.read_memory(board.symbol(f"{built.prefix}_arena_{region}"), size)
                for region, size in built.program.arena_bytes.items()
                if size
            ]
            counts = (board.instructions, board.cycles_estimated, board.cycles_flash_model)
            found.append((arenas, counts, board.stack_high_water()))
    assert found[0] == found[1]


@pytest.mark.parametrize(("height", "width", "channels"), [(11, 37, 3), (13, 25, 1)])
def test_kernels_keep_to_rows_of_odd_sizes(height: int, width: int, channels: int, tmp_path: Path) -> None:
    """Where a word that is loaded beside the last value, or stored there, would be somebody else's."""
    build = GraphBuilder("odd", (height, width, channels))
    x = build.depthwise(build.pointwise(build.conv("image", 5), 7), kernel=5, stride=2, pad=2)
    x = build.conv(x, 3, pad=2, dilation=(2, 2))
    shared = build.graph.tensors[x].quantization
    y = build.simple(ops.Requantize, x, activation="relu", quantization=shared)
    y = build.simple(ops.Concat, x, y, quantization=shared)
    y = build.simple(ops.Add, y, build.pointwise(y, 6))
    y = build.simple(ops.MaxPool2d, y, quantization=build.graph.tensors[y].quantization, size=(3, 3), stride=(2, 2))
    y = build.simple(ops.L2Normalize, y, quantization=Quantization((1 / 128,), 0))
    graph = build.finish(build.dense(build.simple(ops.Mean, y), 3))
    with BuiltModel.generate(graph, tmp_path / "model", "stream").board() as board:
        assert infer(board, graph)[-1].startswith("m-results-[")


def test_the_guard_stays_for_the_next_inference_and_other_hooks_go(detector: BuiltModel) -> None:
    patch(
        detector,
        "conv2d7",
        lambda text: (
            "static int runs;\n"
            + text.replace("{\n", "{\n    runs += step == 0;\n", 1).replace("step),", "step + (runs == 2)),", 1)
        ),
    )
    with detector.board() as board:
        steps: list[int] = []
        board.on_call(f"{detector.prefix}_step", lambda _board, index, *_: steps.append(index))
        infer(board, detector.program.graph)
        board.on_call(f"{detector.prefix}_step", None)
        assert steps == list(range(len(detector.program.schedule)))
        with pytest.raises(ArenaViolation, match="conv2d7, step 0"):
            infer(board, detector.program.graph)
    assert len(steps) == len(detector.program.schedule)


def test_an_input_row_that_is_not_the_steps(detector: BuiltModel) -> None:
    patch(detector, "conv2d7", lambda text: text.replace("step),", "step == 1 ? 0 : step),", 1))
    found = violation(detector)
    assert (found.operator, found.step, found.kind, found.reason) == ("conv2d7", 1, "read", "in none of its buffers")


def test_a_window_one_row_too_far(detector: BuiltModel) -> None:
    patch(detector, "depthwise_conv2d3", lambda text: text.replace("step - 1", "step - (step != 3)"))
    found = violation(detector)
    assert (found.operator, found.step, found.kind) == ("depthwise_conv2d3", 3, "read")


def test_an_output_row_that_is_not_the_steps(detector: BuiltModel) -> None:
    patch(detector, "conv2d4", lambda text: re.sub(OUTPUT_ROW, r"nn_row(&\1, step + (step == 4)), (void", text))
    found = violation(detector)
    assert (found.operator, found.step, found.kind) == ("conv2d4", 4, "write")


def test_an_input_row_is_not_written(detector: BuiltModel) -> None:
    patch(
        detector,
        "conv2d4",
        lambda text: re.sub(r"(nn_row\(&\w+, step\)), nn_row\(&\w+, step\)", r"\1, (int8_t *)\1", text),
    )
    found = violation(detector)
    assert (found.operator, found.step, found.kind) == ("conv2d4", 0, "write")
    assert found.reason == "which it may only read"
    assert found.owner == "depthwise_conv2d3.out row 0"
    assert found.function.startswith("nn_pair_")
    assert re.fullmatch(r"nn_\w+\.[ch]:\d+", found.source)


def test_a_row_that_nobody_has_written(detector: BuiltModel) -> None:
    """What an earlier row left in the same slot does not count."""
    patch(detector, "conv2d5", lambda text: text.replace("{\n", "{\n    if (step == 4) return;\n", 1))
    found = violation(detector)
    assert (found.operator, found.step, found.kind) == ("depthwise_conv2d6", 3, "read")
    assert found.reason == "which nothing has written yet"
    assert found.owner == "conv2d5.out row 4"


@pytest.mark.parametrize("kind", ["scratch", "state", "activation"])
def test_a_buffer_in_another_place(kind: str, detector: BuiltModel) -> None:
    """The firmware of one plan, guarded by another in which a buffer lies 4 bytes further."""
    buffer = next(b for b in detector.program.buffers if b.kind == kind)
    buffer.places = [place._replace(offset=place.offset + 4) for place in buffer.places]
    user = next(op for op in detector.program.graph.ops if buffer.name.startswith(op.name))
    found = violation(detector)
    assert (found.operator, found.step) == (user.name, 0)
