"""Firmware that pulls the rows of its image: from memory, and over the console."""

import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from graphs import GraphBuilder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from models import REGIONS, BuiltModel, noise_images

from mcu_vision.codegen import generate_sources
from mcu_vision.device.console import ConsoleError
from mcu_vision.emulate.image_input import WINDOW, write_image
from mcu_vision.emulate.unicorn_board import UnicornBoard
from mcu_vision.ir import Array, Graph
from mcu_vision.plan import PlanOptions, plan_graph
from mcu_vision.plan.rewrite.pull_rows import pull_rows
from mcu_vision.plan.rewrite.split_strips import split_strips
from mcu_vision.reference import run_graph
from mcu_vision.verify import emulated_execution, host_execution, reference_execution, verify_executions

HEIGHT, WIDTH, CHANNELS = 7, 8, 3


@dataclass
class Pulled:
    """A small model that pulls rows, on a booted board."""

    built: BuiltModel
    board: UnicornBoard

    @property
    def graph(self) -> Graph:
        return self.built.program.graph

    def outputs(self) -> list[bytes]:
        """All outputs as the console prints them."""
        found = []
        for index in range(len(self.graph.outputs)):
            _, *lines = self.board.command(f"output {index}%")
            found.append(bytes.fromhex("".join(line.removeprefix("m-buffer-").replace("-", "") for line in lines)))
        return found

    def expected(self, image: Array) -> list[bytes]:
        return [value.tobytes() for value in run_graph(self.graph, image).values()]


def small_graph() -> Graph:
    build = GraphBuilder("pulled", (HEIGHT, WIDTH, CHANNELS))
    x = build.conv("image", 4, 3, 2)
    return build.finish(build.conv(x, 3, 3, 2))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuiltModel:
    return BuiltModel.generate(small_graph(), tmp_path_factory.mktemp("pulled"), source="rows")


@pytest.fixture(scope="module")
def pulled(built: BuiltModel) -> Iterator[Pulled]:
    with built.board() as board:
        yield Pulled(built, board)


def pixel_rows(image: Array) -> list[bytes]:
    return [bytes(np.uint8(row.reshape(-1).astype(np.int16) + 128)) for row in image[0]]


def framed(row: bytes) -> bytes:
    return b":" + row + zlib.crc32(row).to_bytes(4, "little")


def refusal(board: UnicornBoard, command: str) -> str:
    with pytest.raises(ConsoleError) as caught:
        board.command(command)
    return caught.value.text


def answer_rows(board: UnicornBoard, answer: Callable[[int], bytes]) -> list[str]:
    """Run an inference whose rows are `answer(row)`, bytes as they go over the line; the console's other lines."""
    board.command("rows uart%")
    board.send(b"infer 1 0%\r\n")
    lines = []
    while (line := board.read_line(10.0)) != "m-ready":
        if line.startswith("m-row-"):
            board.send(answer(int(line.removeprefix("m-row-"))))
        else:
            lines.append(line)
    return lines


def assert_ready(board: UnicornBoard, data: bytes) -> None:
    """Whatever `data` makes the console say, it ends, and the next command is heard."""
    board.send(data)
    with suppress(TimeoutError):
        while True:
            board.read_line(3.0)
    assert board.command("name%") == ["m-name-dut-[stm32f439]"]


def test_every_tensor_is_equal_in_every_execution(built: BuiltModel, pulled: Pulled) -> None:
    executions = {
        "reference": reference_execution(built.program),
        "host": host_execution(built.program, built.host()),
        "emulated": emulated_execution(built.program, pulled.board, built.prefix),
    }
    outcome = verify_executions(pulled.graph, executions, noise_images(pulled.graph, 3))
    assert outcome.equal, outcome.first_difference


def test_rows_over_the_console_give_the_same_bytes(pulled: Pulled) -> None:
    for image in noise_images(pulled.graph, 2, seed=1):
        lines = pulled.board.console.infer_rows(pixel_rows(image))
        assert lines[0] == "m-warmup-start-0"
        assert lines[-2] == "m-infer-done"
        assert pulled.outputs() == pulled.expected(image)


def test_each_run_asks_for_all_rows_again(pulled: Pulled) -> None:
    (image,) = noise_images(pulled.graph, 1)
    calls = pulled.board.record_calls(f"{pulled.built.prefix}_read_row")
    pulled.board.console.infer_rows(pixel_rows(image), runs=2, warm_up=1)
    assert [call.r0 for call in calls] == 3 * list(range(HEIGHT))
    assert pulled.outputs() == pulled.expected(image)


def test_where_rows_come_from(built: BuiltModel) -> None:
    with built.board() as board:
        size = f"{HEIGHT} {WIDTH * CHANNELS}"
        assert board.command("rows%") == [f"m-rows-[none {size}]"]
        assert refusal(board, "infer%") == "row 0: no source; send rows uart%"
        assert refusal(board, "rows memory%").startswith("no image in memory")
        assert refusal(board, "rows tape%") == "rows come from uart or memory"
        assert board.command("rows%") == [f"m-rows-[none {size}]"]
        assert board.command("rows uart%") == [f"m-rows-[uart {size}]"]
        write_image(board, noise_images(built.program.graph, 1)[0].tobytes())
        assert board.command("rows%") == [f"m-rows-[memory {size}]"]
        assert board.command("reset%") == ["m-init-done"]
        assert refusal(board, "rows memory%").startswith("no image in memory")


def test_commands_for_a_whole_image_are_refused(pulled: Pulled) -> None:
    for command in ("db load 168%", "db 00%", "db print%"):
        assert refusal(pulled.board, command).startswith("this model takes its image row by row")


def test_a_model_with_its_image_in_ram_has_no_rows(detector: UnicornBoard) -> None:
    assert refusal(detector, "rows%") == "this model takes a whole image; send db load"


def test_code_cannot_write_the_memory_of_the_image(pulled: Pulled) -> None:
    (image,) = noise_images(pulled.graph, 1)
    write_image(pulled.board, image.tobytes())
    pulled.board.command("infer%")
    assert pulled.board.read_memory(WINDOW, image.size) == image.tobytes()


@pytest.mark.parametrize("bad_row", [0, 3, HEIGHT - 1])
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda data: b"", "2 s without a byte of it"),
        (lambda data: data[:20], "2 s without a byte of it"),
        (lambda data: data[:-1], "2 s without a byte of its checksum"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "wrong checksum"),
        (lambda data: data[:7] + bytes([data[7] ^ 0x80]) + data[8:], "wrong checksum"),
        (lambda data: b"\r\n" + data[:20] + b"%" + data[20:], "wrong checksum"),
        (lambda data: b"%" + data, "no colon before it"),
        (lambda data: bytes(1000), "no colon before it"),
    ],
)
def test_a_bad_row_ends_the_inference_and_nothing_else(
    pulled: Pulled, spoil: Callable[[bytes], bytes], reason: str, bad_row: int
) -> None:
    first, second = noise_images(pulled.graph, 2, seed=2)
    rows = [framed(row) for row in pixel_rows(first)]
    lines = answer_rows(pulled.board, lambda row: spoil(rows[row]) if row == bad_row else rows[row])
    assert lines[-2:] == [f"e-[row {bad_row}: {reason}]", "e-[the model stopped with an error]"]
    assert refusal(pulled.board, "output 0%").startswith("no inference")
    assert pulled.board.command("name%") == ["m-name-dut-[stm32f439]"]
    pulled.board.console.infer_rows(pixel_rows(second))
    assert pulled.outputs() == pulled.expected(second)


def test_the_command_after_an_overrun_is_heard(pulled: Pulled) -> None:
    def overrun(row: int) -> bytes:
        pulled.board.write_memory(pulled.board.symbol("lost"), b"\1")  # what the interrupt notes
        return b":" + bytes(WIDTH * CHANNELS)

    lines = answer_rows(pulled.board, overrun)
    assert lines[-2] == "e-[row 0: 2 s without a byte of its checksum]"
    assert pulled.board.command("name%") == ["m-name-dut-[stm32f439]"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_on_the_line_gives_wrong_outputs_or_wedges_the_console(pulled: Pulled, data: st.DataObject) -> None:
    (image,) = noise_images(pulled.graph, 1, seed=3)
    rows = [framed(row) for row in pixel_rows(image)]
    bad_row = data.draw(st.integers(0, HEIGHT - 1))
    start = data.draw(st.integers(0, len(rows[0])))
    removed, added = data.draw(st.integers(0, 8)), data.draw(st.binary(max_size=8))
    rows[bad_row] = rows[bad_row][:start] + added + rows[bad_row][start + removed :]
    lines = answer_rows(pulled.board, lambda row: rows[row])
    assert_ready(pulled.board, b"%")
    if "m-infer-done" in lines:
        assert pulled.outputs() == pulled.expected(image)
    else:
        assert re.match(rf"e-\[row ({bad_row}|{bad_row + 1}): ", lines[-2])  # too long a row spoils the next


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["rows", " ", "memory", "uart", "infer", "1", "%", "\r\n"]) | st.text(max_size=3)))
def test_any_text_leaves_the_console_ready(pulled: Pulled, words: list[str]) -> None:
    assert_ready(pulled.board, "".join(words).encode("latin-1", "replace") + b"%")


def test_an_image_that_no_ram_of_the_board_holds(tmp_path: Path) -> None:
    build = GraphBuilder("large", (480, 640, 3))
    graph = build.finish(build.conv(build.conv("image", 2, 3, 4), 4, 3, 4))
    built = BuiltModel.generate(graph, tmp_path, source="rows")
    with built.board() as board:
        executions = {
            "reference": reference_execution(built.program),
            "emulated": emulated_execution(built.program, board, built.prefix),
        }
        outcome = verify_executions(built.program.graph, executions, noise_images(graph, 1))
    assert outcome.equal, outcome.first_difference


def test_a_model_in_strips_asks_for_all_rows_again(tmp_path: Path) -> None:
    split = split_strips(pull_rows(small_graph()), 1, (0, 1, 4))
    assert split is not None
    program = plan_graph(split[0], REGIONS, 1 << 17, PlanOptions(schedule="stream"))
    (tmp_path / "src").mkdir()
    built = BuiltModel(program, tmp_path, generate_sources(program, tmp_path / "src").prefix)
    image = noise_images(program.graph, 1)[0]
    rows = pixel_rows(image)
    asked: list[int] = []

    def answer(row: int) -> bytes:
        asked.append(row)
        return framed(rows[row])

    with built.board() as board:
        lines = answer_rows(board, answer)
        executions = {
            "reference": reference_execution(program),
            "emulated": emulated_execution(program, board, built.prefix),
        }
        assert Pulled(built, board).outputs() == [v.tobytes() for v in run_graph(small_graph(), image).values()]
        outcome = verify_executions(program.graph, executions, [image])
    assert "m-infer-done" in lines
    assert asked == [*range(HEIGHT), *range(HEIGHT)]
    assert outcome.equal, outcome.first_difference
