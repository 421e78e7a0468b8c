"""Every shipped board: firmware builds, fits its linker script and runs; a user's own file does too."""

from pathlib import Path

import numpy as np
import pytest
from graphs import tiny_detector

from mcu_vision.boards import board_names, load_board
from mcu_vision.cli.pipeline import build_model
from mcu_vision.device.validation import BoardSession, Expected
from mcu_vision.emulate.interface import EmulationFault
from mcu_vision.emulate.unicorn_board import UnicornBoard
from mcu_vision.errors import UserError
from mcu_vision.plan import PlanOptions
from mcu_vision.reference import quantize_input, run_graph
from mcu_vision.saved_model import save_graph
from mcu_vision.toolchain import find_toolchain, firmware_sources

FAKE_MODELS = Path(__file__).resolve().parent / "fake_model"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    graph = tiny_detector()
    graph.metadata["task"] = "detect"
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_graph(graph, path)
    return path


@pytest.mark.parametrize("name", board_names())
def test_builds_fits_and_gives_the_bytes_of_the_reference(name: str, model: Path, tmp_path: Path) -> None:
    build = build_model(str(model), name, "zig", tmp_path, PlanOptions())
    board = build.board
    regions = build.summary["ram"]["regions"]
    assert set(regions) == {region.name for region in board.ram_regions}
    with UnicornBoard(build.elf, board) as emulated:
        assert emulated.boot() == ["m-init-done"]
        assert emulated.command("name%") == [f"m-name-dut-[{name}]"]
        assert emulated.symbol("__stack_bottom") == board.stack_region.base
        expected = Expected(build.graph.name, build.graph.input.size_bytes, 1, len(build.program.schedule))
        session = BoardSession(emulated.console, expected, pytest.fail)
        session.connect()
        frame = (np.arange(build.graph.input.size_bytes) % 251).astype(np.uint8)
        frame = frame.reshape(build.graph.input.shape[1:])
        result = session.infer(frame)
        (right,) = (run_graph(build.graph, quantize_input(frame))[n].tobytes() for n in build.graph.outputs)
        assert result.outputs == (right,)
        assert emulated.command("reset%") == ["m-init-done"]


@pytest.mark.parametrize("name", board_names())
def test_time_passes_as_the_clock_says(name: str, tmp_path: Path) -> None:
    board = load_board(name)
    image = find_toolchain("zig").build_firmware(firmware_sources(), FAKE_MODELS / "classifier", tmp_path, board)
    with UnicornBoard(image.elf, board) as emulated:
        emulated.boot()

        def lap() -> int:
            return int(emulated.command("timestamp%")[0].removeprefix("m-lap-us-"))

        for _ in range(3):  # wherever in the timer's period it sleeps
            first, start = lap(), emulated._machine.now
            with pytest.raises(TimeoutError):
                emulated.read_line(0.2)
            passed_us = (emulated._machine.now - start) / board.clock_hz * 1e6
            assert lap() - first == pytest.approx(passed_us, abs=2000)  # the command takes a while too


@pytest.mark.parametrize("name", ["nrf52840-dk", "nucleo-l4r5zi"])
def test_a_stack_overflow_faults_where_there_is_one_memory(name: str, tmp_path: Path) -> None:
    board = load_board(name)
    image = find_toolchain("zig").build_firmware(firmware_sources(), FAKE_MODELS / "classifier", tmp_path, board)
    with UnicornBoard(image.elf, board) as emulated:
        emulated.boot()
        engine = emulated._machine.engine

        def empty_the_stack(*_: object) -> None:
            engine.write("sp", board.sram.base + 8)

        emulated.on_call("command_name", empty_the_stack)
        with pytest.raises(EmulationFault, match="write at 0x1fffff"):
            emulated.command("name%")


def test_a_console_that_the_emulator_does_not_know_is_a_user_error(tmp_path: Path, model: Path) -> None:
    text = Path(load_board.__code__.co_filename).with_name("stm32f407-discovery.toml").read_text()
    (tmp_path / "mine.toml").write_text(text.replace("0x40004400", "0x40004404").replace('"usart2"', '"usart9"'))
    with pytest.raises(UserError, match="none of the emulator's: usart1"):
        build_model(str(model), str(tmp_path / "mine.toml"), "zig", tmp_path / "build", PlanOptions())
