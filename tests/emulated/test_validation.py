"""Validation on a board whose line loses, changes and adds characters, and which restarts: right bytes or one line."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from cli_runner import Cli
from graphs import tiny_classifier, tiny_detector
from models import BuiltModel
from PIL import Image

from mcu_vision.cli import target_images
from mcu_vision.data.face_sample import FaceSample
from mcu_vision.data.letterbox import letterbox
from mcu_vision.device.console import Console, SerialTransport
from mcu_vision.device.validation import BoardSession, Expected
from mcu_vision.emulate.unicorn_board import UnicornBoard
from mcu_vision.errors import UserError
from mcu_vision.evaluate.detector import boxes_from_output
from mcu_vision.evaluate.face_accuracy import measure_accuracy, score_photo
from mcu_vision.reference import quantize_input, run_graph

RUNS = 12


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuiltModel:
    return BuiltModel.generate(tiny_classifier(), tmp_path_factory.mktemp("validation"))


@pytest.fixture(scope="module")
def board(built: BuiltModel) -> Iterator[UnicornBoard]:
    with built.board(guard=False) as machine:
        yield machine


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(tmp_path, capsys)


def expected(built: BuiltModel) -> Expected:
    graph = built.program.graph
    return Expected(graph.name, graph.input.size_bytes, len(graph.outputs), len(built.program.schedule))


def pixels(built: BuiltModel, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, built.program.graph.input.shape[1:]).astype(np.uint8)


def right_bytes(built: BuiltModel, frame: np.ndarray) -> tuple[bytes, ...]:
    graph = built.program.graph
    results = run_graph(graph, quantize_input(frame))
    return tuple(results[name].tobytes() for name in graph.outputs)


class FaultyLine:
    """The board's line; every so often something goes wrong on it."""

    def __init__(self, board: UnicornBoard, seed: int, every: int) -> None:
        self.board, self.every, self.faults = board, every, 0
        self._random = random.Random(seed)
        self._noise: list[str] = []

    def _strikes(self) -> bool:
        strikes = self._random.randrange(self.every) == 0
        self.faults += strikes
        return strikes

    def write(self, data: bytes) -> None:
        if self._strikes():
            at = self._random.randrange(len(data))
            kind = self._random.choice(["lose", "double", "change", "reset"])
            if kind == "reset":
                self.board._machine.reset()
            middle = {"lose": b"", "double": data[at : at + 1] * 2, "change": bytes([data[at] ^ 4])}.get(
                kind, data[at : at + 1]
            )
            data = data[:at] + middle + data[at + 1 :]
        self.board.send(data)

    def read_line(self, timeout_s: float) -> str:
        if self._noise:
            return self._noise.pop()
        line = self.board.read_line(timeout_s)
        if self._strikes():
            kind = self._random.choice(["lose", "babble", "change"])
            if kind == "lose":
                return self.board.read_line(timeout_s)
            if kind == "babble":
                self._noise = ["m-ready", "\x00\xffbabble", "m-buffer-00-00"][: self._random.randrange(1, 4)]
            elif line:
                at = self._random.randrange(len(line))
                line = line[:at] + chr(ord(line[at]) ^ 1) + line[at + 1 :]
        return line


def test_a_good_line_gives_bytes_and_cycles(built: BuiltModel, board: UnicornBoard) -> None:
    session = BoardSession(Console(board), expected(built), pytest.fail)
    session.connect()
    for seed in (1, 2):
        frame = pixels(built, seed)
        result = session.infer(frame)
        assert result.outputs == right_bytes(built, frame)
        assert len(result.step_cycles) == len(built.program.schedule)
        assert min(result.step_cycles) > 0
    assert 0 < session.stack_bytes() < 4096
    assert session.retries == 0


def test_cycles_of_steps_add_up_to_the_inference(built: BuiltModel, board: UnicornBoard) -> None:
    session = BoardSession(Console(board), expected(built), pytest.fail)
    session.connect()
    steps = board.record_calls(f"{built.prefix}_step")
    result = session.infer(pixels(built))
    for told, record in zip(result.step_cycles, steps, strict=True):
        assert 0 <= told - record.cycles_flash_model < 60  # reading the counter, and the call


def test_a_bad_line_gives_right_bytes_or_one_line(built: BuiltModel, board: UnicornBoard) -> None:
    outcomes = {"right": 0, "retried": 0}
    refusals: list[str] = []
    frame = pixels(built)
    right = right_bytes(built, frame)
    for seed in range(RUNS):
        board.boot()
        line = FaultyLine(board, seed, every=120)
        session = BoardSession(Console(line), expected(built), lambda text: None)
        try:
            session.connect()
            result = session.infer(frame)
        except UserError as error:
            refusals.append(str(error))
            continue
        assert result.outputs == right
        outcomes["right"] += 1
        outcomes["retried"] += session.retries > 0
    assert not any("\n" in refusal for refusal in refusals)
    assert outcomes["right"] > RUNS // 2, (outcomes, refusals)
    assert outcomes["retried"] > 1, outcomes


def test_another_model_on_the_board_is_named(built: BuiltModel, board: UnicornBoard) -> None:
    board.boot()
    other = Expected("face-m4", 76800, 1, 100)
    with pytest.raises(UserError, match="and not face-m4"):
        BoardSession(Console(board), other, lambda text: None).connect()


class Babble:
    """A line that never falls silent."""

    def write(self, data: bytes) -> None: ...

    def read_line(self, timeout_s: float) -> str:
        return "blah"


def test_a_board_that_never_stops_talking_is_given_up(built: BuiltModel) -> None:
    session = BoardSession(Console(Babble()), expected(built), lambda text: None)
    with pytest.raises(UserError, match="never stops talking"):
        session.connect()


class Silence:
    """A line on which nothing is."""

    def write(self, data: bytes) -> None: ...

    def read_line(self, timeout_s: float) -> str:
        raise TimeoutError


def test_a_dead_line_is_given_up(built: BuiltModel) -> None:
    heard: list[str] = []
    session = BoardSession(Console(Silence()), expected(built), heard.append)
    with pytest.raises(UserError, match="connecting failed 3 times"):
        session.connect()
    assert len(heard) == 2


def test_a_serial_port_that_goes_is_one_line() -> None:
    with SerialTransport("loop://") as transport:
        transport._serial.close()
        with pytest.raises(UserError, match="was lost"):
            transport.write(b"name%")
        with pytest.raises(UserError, match="was lost"):
            transport.read_line(1.0)


def test_the_verb_reports_accuracy_times_and_agreement(cli: Cli) -> None:
    model = cli.model(tiny_classifier())
    graph = tiny_classifier()
    _, height, width, channels = graph.input.shape
    classes = graph.tensors[graph.outputs[0]].shape[-1]
    for index in range(classes):
        (cli.folder / "classes" / f"class{index}").mkdir(parents=True)
    for seed, off in ((0, 0), (1, 1)):  # the first photo is called what the model takes it for, the second is not
        noise = np.random.default_rng(seed).integers(0, 256, (40, 60, 3), np.uint8)
        frame = letterbox(Image.fromarray(noise), width, height, channels)[0]
        found = int(run_graph(graph, quantize_input(frame))[graph.outputs[0]].argmax())
        Image.fromarray(noise).save(cli.folder / "classes" / f"class{(found + off) % classes}" / f"{seed}.png")
    summary = cli.json("validate", "--emulator", "unicorn", "--model", model, "--labelled", "classes")
    assert (summary["images"], summary["equal"]) == (2, 2)
    assert summary["accuracy"] == {"accuracy": 0.5}
    assert sum(row["cycles"] for row in summary["operators"]) == pytest.approx(summary["cycles"], abs=20)
    text = cli("validate", "--emulator", "unicorn", "--model", model, "--images", "1")
    assert "1 of 1 images with equal bytes" in text
    assert "an estimate" in text
    assert "no class" not in json.dumps(summary)
    assert "give one of --port and --emulator" in cli.error("validate", "--model", model)
    assert "cannot open serial port" in cli.error("validate", "--model", model, "--port", "/dev/nothing")


def test_the_verb_pulls_rows_of_a_detector(cli: Cli) -> None:
    graph = tiny_detector()
    graph.metadata["task"] = "detect"
    model = cli.model(graph)
    cli("build", "--model", model, "--input", "rows", "--toolchain", "zig")
    summary = cli.json("validate", "--emulator", "unicorn", "--model", model)
    assert (summary["images"], summary["equal"]) == (1, 1)
    assert summary["operators"][0]["kind"] == "read_rows"


def test_average_precision_is_that_of_the_reference(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = tiny_detector()
    graph.metadata["task"] = "detect"
    _, height, width, channels = graph.input.shape
    samples = []
    for seed in range(2):
        noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
        Image.fromarray(noise).save(cli.folder / f"{seed}.png")
        frame = letterbox(Image.fromarray(noise), width, height, channels)[0]
        found = boxes_from_output(run_graph(graph, quantize_input(frame))[graph.outputs[0]])
        boxes = found[:1, :4].astype(np.float32)  # the best box is a face, the others are not
        samples.append(FaceSample(cli.folder, f"{seed}.png", boxes, source="noise"))
    monkeypatch.setattr(target_images, "read_face_folder", lambda folder: ([], samples))
    summary = cli.json("validate", "--emulator", "unicorn", "--model", cli.model(graph), "--labelled", "faces")
    assert (summary["images"], summary["equal"]) == (2, 2)

    def run(frame: np.ndarray) -> np.ndarray:
        return run_graph(graph, quantize_input(frame))[graph.outputs[0]]

    scored = [score_photo(run, (width, height, channels), sample) for sample in samples]
    (expected_figure,) = [figure for figure in measure_accuracy(scored) if figure.size == "all"]
    assert expected_figure.average_precision is not None
    assert summary["accuracy"] == {"AP noise": expected_figure.average_precision}
