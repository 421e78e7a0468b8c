"""The console of the firmware, command by command, with both compilers."""

import re
import shutil
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mcu_vision.boards import Board
from mcu_vision.device.console import ConsoleError
from mcu_vision.emulate.unicorn_board import UnicornBoard

PIXELS = bytes([0, 1, 2, 127, 128, 129, 200, 255, 7, 77, 10, 13, 37, 32, 99, 254])


@pytest.fixture(params=["zig", "gcc"])
def board(request: pytest.FixtureRequest, fake_elf: Callable[[str, str], Path], f439: Board) -> Iterator[UnicornBoard]:
    """The fake classifier's board, booted."""
    if request.param == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not on the PATH")
    with UnicornBoard(fake_elf("classifier", request.param), f439) as machine:
        assert machine.boot() == ["m-init-done"]
        yield machine


def load(board: UnicornBoard, pixels: bytes) -> None:
    board.command(f"db load {len(pixels)}%")
    board.command(f"db {pixels.hex()}%")


def refusal(board: UnicornBoard, command: str) -> str:
    """The text of the error that answers `command`."""
    with pytest.raises(ConsoleError) as caught:
        board.command(command)
    return caught.value.text


def quantised(pixels: bytes) -> bytes:
    return bytes(pixel ^ 0x80 for pixel in pixels)


def test_who_it_is(board: UnicornBoard) -> None:
    assert board.command("name%") == ["m-name-dut-[stm32f439]"]
    assert board.command("profile%") == ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", "m-model-[fake]"]
    assert board.command("model%") == ["m-model-[fake]", "m-input-[4 4 1 16]", "m-outputs-[2]"]
    assert len(board.command("help%")) > 5


def test_load_reaches_the_input_as_int8(board: UnicornBoard) -> None:
    assert board.command("db load 16%") == ["m-[Expecting 16 bytes]"]
    assert board.command(f"db {PIXELS[:9].hex()}%") == []
    assert board.command(f"db {PIXELS[9:].hex().upper()}%") == ["m-load-done"]
    pointer = int.from_bytes(board.read_memory(board.symbol("model_input_pointer"), 4), "little")
    assert board.read_memory(pointer, 16) == quantised(PIXELS)
    dump = [line.removeprefix("m-buffer-").split("-") for line in board.command("db print%")]
    assert [len(line) for line in dump] == [8, 8]
    assert bytes(int(byte, 16) for line in dump for byte in line) == PIXELS


def test_inference_prints_the_lines_of_the_protocol(board: UnicornBoard) -> None:
    load(board, PIXELS)
    lines = board.command("infer 3 2%")
    laps = [int(line.removeprefix("m-lap-us-")) for line in (lines[3], lines[4])]
    assert lines[:3] == ["m-warmup-start-2", "m-warmup-done", "m-infer-start-3"]
    assert lines[5] == "m-infer-done"
    expected = ",".join(f"{pixel / 256 + 1e-9:.3f}" for pixel in reversed(PIXELS))
    assert lines[6:] == [f"m-results-[{expected}]"]
    assert board.command("results%") == lines[6:]
    assert 0 < laps[0] <= laps[1]


def test_infer_without_numbers_is_one_run(board: UnicornBoard) -> None:
    load(board, PIXELS)
    assert board.command("infer%")[:3] == ["m-warmup-start-0", "m-warmup-done", "m-infer-start-1"]
    assert "m-infer-start-4" in board.command("infer 4%")


def test_outputs_and_checksums(board: UnicornBoard) -> None:
    load(board, PIXELS)
    board.command("infer 1 0%")
    outputs = [quantised(PIXELS[::-1]), quantised(PIXELS[:2])]
    for index, expected in enumerate(outputs):
        head, *dump = board.command(f"output {index}%")
        assert head == f"m-output-[{index} {len(expected)}]"
        digits = "".join(line.removeprefix("m-buffer-").replace("-", "") for line in dump)
        assert bytes.fromhex(digits) == expected
        assert board.command(f"crc {index}%") == [f"m-crc-[{zlib.crc32(expected):08X}]"]


@pytest.mark.parametrize(
    "command",
    [
        "%",
        "nonsense%",
        "NAME%",
        "names%",
        "db load 15%",
        "db load%",
        "db load -16%",
        "db load 16x%",
        "db load 4294967312%",
        "db%",
        "db 00%",
        "results%",
        "output 0%",
        "crc 0%",
        "crc 2%",
        "crc%",
        "output -1%",
        "boxes%",
        "infer 0%",
        "infer x%",
        "infer 1 x%",
        "infer 99999999999 0%",
        "x" * 81 + "%",
        "x" * 1000 + "%",
        "\x00\xff%",
    ],
)
def test_what_is_wrong_gets_an_error_and_leaves_the_console_ready(board: UnicornBoard, command: str) -> None:
    board.send(command.encode("latin-1"))
    first = board.read_line(1.0)
    assert re.fullmatch(r"e-\[.+\]", first)
    assert board.read_line(1.0) == "m-ready"
    assert board.command("name%") == ["m-name-dut-[stm32f439]"]


def test_a_wrong_load_changes_nothing(board: UnicornBoard) -> None:
    load(board, PIXELS)
    board.command("db load 16%")
    for digits in ("0g", "000", "00" * 17, "0 0"):
        assert refusal(board, f"db {digits}%")
    assert board.command("db " + "11" * 15 + "%") == []
    assert refusal(board, "db 2222%").startswith("more bytes")
    assert board.command("db 22%") == ["m-load-done"]
    assert refusal(board, "db 33%").startswith("no db load")


def test_line_ends_and_spaces_do_not_matter(board: UnicornBoard) -> None:
    board.send(b"\r\n  name  \r\n%")
    assert board.read_line(1.0) == "m-name-dut-[stm32f439]"
    assert board.read_line(1.0) == "m-ready"


def test_the_longest_command_fits(board: UnicornBoard) -> None:
    assert board.command("name" + " " * 76 + "%") == ["m-name-dut-[stm32f439]"]


def test_time_advances_asleep(board: UnicornBoard) -> None:
    def lap() -> int:
        return int(board.command("timestamp%")[0].removeprefix("m-lap-us-"))

    first, start = lap(), board._machine.now
    with pytest.raises(TimeoutError):
        board.read_line(0.5)
    passed_us = (board._machine.now - start) / board.board.clock_hz * 1e6  # to the next SysTick, every 50 ms
    assert 500_000 <= passed_us <= 550_000
    assert lap() - first == pytest.approx(passed_us, abs=2000)


def test_stack_is_measured(board: UnicornBoard) -> None:
    used, size = map(int, re.findall(r"\d+", board.command("ram%")[0]))
    assert size == 4096
    assert 64 <= used < 1024
    assert board.stack_high_water() >= used


def test_reset_starts_anew(board: UnicornBoard) -> None:
    load(board, PIXELS)
    board.command("infer 1 0%")
    assert board.command("reset%") == ["m-init-done"]
    assert refusal(board, "results%").startswith("no inference")
