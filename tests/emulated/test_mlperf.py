"""The MLPerf Tiny console, as that suite's public runner uses it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from mlperf_runner import Runner

from mcu_vision.boards import Board
from mcu_vision.cli.options import console_options
from mcu_vision.cli.pipeline import build_model
from mcu_vision.device.console import ConsoleError
from mcu_vision.emulate.unicorn_board import UnicornBoard
from mcu_vision.errors import UserError
from mcu_vision.plan import PlanOptions

PERSON_DETECT = Path(__file__).parents[1] / "data" / "person_detect"
PHOTOS = ("person_tflmtest", "no_person_tflmtest")


@pytest.fixture
def board(fake_elf: Callable[[str], Path], f439: Board) -> Iterator[UnicornBoard]:
    """The fake classifier with this console, booted."""
    with UnicornBoard(fake_elf("mlperf"), f439) as machine:
        assert machine.boot() == ["m-init-done"]
        yield machine


@contextmanager
def runner(board: UnicornBoard, link: Path, keep_alive_s: float | None = None) -> Iterator[Runner]:
    """The runner at the pseudo-terminal of a booted board."""
    ended = Event()
    with board.attach_pty(link, keep_alive_s) as bridge:
        server = Thread(target=bridge.serve, args=(ended.is_set,))
        server.start()
        client = Runner(str(link))
        try:
            yield client
        finally:
            client.close()
            ended.set()
            server.join()


def test_every_byte_of_a_session(board: UnicornBoard) -> None:
    """Lines, their order and their ends, as the protocol has them."""

    def answer(command: str) -> str:
        board.send(command.encode() + b"%")
        output = b""
        while not output.endswith(b"m-ready\r\n"):
            board.run(lambda: False, 0.05)
            output += board.take_output()
        return output.decode()

    assert answer("name") == "m-name-dut-[stm32f439]\r\nm-ready\r\n"
    assert answer("profile") == ("m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[vww01]\r\nm-ready\r\n")
    assert re.fullmatch(r"m-lap-us-\d+\r\nm-ready\r\n", answer("timestamp"))
    assert answer("db load 10") == "m-[Expecting 10 bytes]\r\nm-ready\r\n"
    assert answer("db 000102030405") == "m-ready\r\n"
    assert answer("db 0607F8f9aabb") == "m-load-done\r\nm-ready\r\n"  # what is too much is dropped
    assert answer("db print") == "m-buffer-00-01-02-03-04-05-06-07\r\nm-buffer-f8-f9\r\nm-ready\r\n"
    assert re.fullmatch(
        r"m-warmup-start-2\r\nm-warmup-done\r\nm-infer-start-3\r\nm-lap-us-\d+\r\nm-lap-us-\d+\r\n"
        r"m-infer-done\r\nm-results-\[(\d\.\d{3},){15}\d\.\d{3}\]\r\nm-ready\r\n",
        answer("infer 3 2"),
    )
    assert answer("infer 1").startswith("m-warmup-start-10\r\n")
    assert answer("help").count("\r\n") > 5
    for wrong in ("", "x" * 81, "db load 0", "db load 17", "db", "db 0g", "db 000", "db 00", "infer 0", "Name"):
        assert re.fullmatch(r"e-\[.+\]\r\nm-ready\r\n", answer(wrong)), wrong


def test_the_longest_data_command_fits(board: UnicornBoard) -> None:
    board.command("db load 16")
    assert board.command("db " + "5a" * 31) == ["m-load-done"]
    with pytest.raises(ConsoleError):
        board.command("db " + "5a" * 39)


def test_performance_and_accuracy_of_the_public_runner(f439: Board, tmp_path: Path) -> None:
    """Every window gives the same results: the image survives all runs. Time is the board's, not this machine's."""
    speaking = console_options("mlperf", "vww01")
    model = str(PERSON_DETECT / "person_detect.tflite")
    build = build_model(model, "stm32f439", "zig", tmp_path, PlanOptions(), speaking)
    images = [(PERSON_DETECT / f"{name}.in.bin").read_bytes() for name in PHOTOS]
    pixels = [bytes(byte ^ 0x80 for byte in image) for image in images]
    expected = [
        [float(f"{(byte + 128) / 256 + 1e-9:.3f}") for byte in memoryview(reference).cast("b")]
        for reference in ((PERSON_DETECT / f"{name}.out0.ref.bin").read_bytes() for name in PHOTOS)
    ]
    with UnicornBoard(build.elf, f439) as board:
        board.boot()
        with runner(board, tmp_path / "dut", keep_alive_s=2.0) as client:
            assert client.identify()["model"] == "vww01"
            assert [window.results for window in client.accuracy(pixels)] == expected
            single, several = client.infer(1, 0), client.infer(3, 1)
    assert several.results == expected[-1]
    assert several.elapsed_us == pytest.approx(3 * single.elapsed_us, rel=0.01)
    summary = build.summary["cycles_estimated"] / 168
    assert single.elapsed_us == pytest.approx(summary, rel=0.02)


def test_the_runner_waits_for_a_slow_emulation(
    board: UnicornBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no board would take so long for keeps the runner waiting, in emulation alone."""
    monkeypatch.setattr("mlperf_runner.SILENCE_S", 0.5)
    with runner(board, tmp_path / "dut", keep_alive_s=0.1) as client:
        client.load(bytes(range(16)))
        assert client.infer(400_000, 0).elapsed_us > 0
    assert board.command("name") == ["m-name-dut-[stm32f439]"]


def test_what_cannot_be_built_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="needs --model-id"):
        console_options("mlperf", None)
    with pytest.raises(UserError, match="--model-id 'a b' is no identifier"):
        console_options("standard", "a b")
    with pytest.raises(UserError, match="leave out --input rows"):
        build_model("face-m4", "stm32f439", "zig", tmp_path, PlanOptions(input="rows"), console_options("mlperf", "x"))
