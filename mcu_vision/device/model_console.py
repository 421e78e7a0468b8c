"""What the console says of the model: its shape, what it found, the bytes of its outputs."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mcu_vision.device.console import ConsoleError

_LAP = re.compile(r"m-lap-us-(\d+)")


class CommandLine(Protocol):
    """Whatever takes console commands: a Console, or an emulated board."""

    def command(self, text: str, timeout_s: float = ...) -> list[str]:
        """Send a command and return the answer's lines without "m-ready"."""
        ...


class GarbledAnswerError(ConsoleError):
    """An answer is not what the protocol says: characters were lost, changed or added on the line."""


@dataclass(frozen=True)
class ModelInfo:
    """As `model%` tells it; sizes in pixels, channels and bytes."""

    name: str
    width: int
    height: int
    channels: int
    input_bytes: int
    outputs: int


def read_model(board: CommandLine) -> ModelInfo:
    """The model of a firmware. Raises GarbledAnswerError."""
    lines = board.command("model%")
    name = _field("model%", lines, "m-model-")
    values = [int(v) for v in _numbers("model%", _field("model%", lines, "m-input-"), 4)]
    (outputs,) = _numbers("model%", _field("model%", lines, "m-outputs-"), 1)
    return ModelInfo(name, values[0], values[1], values[2], values[3], outputs)


def read_boxes(board: CommandLine) -> npt.NDArray[np.int16]:
    """Detections of the last inference: (N, 5), 1/16 pixel and Q15 score. Raises GarbledAnswerError."""
    lines = board.command("boxes%")
    boxes = [_numbers("boxes%", line[len("m-box-[") : -1], 5) for line in lines if line.startswith("m-box-[")]
    (count,) = _numbers("boxes%", _field("boxes%", lines, "m-boxes-"), 1)
    if count != len(boxes):
        raise GarbledAnswerError("boxes%", f"{len(boxes)} boxes instead of {count}")
    return np.array(boxes, np.int16).reshape(-1, 5)


def read_scores(board: CommandLine) -> list[float]:
    """Scores of the last inference, with three decimals. Raises GarbledAnswerError."""
    text = _field("results%", board.command("results%"), "m-results-")
    try:
        return [float(v) for v in text.split(",") if v]
    except ValueError as error:
        raise GarbledAnswerError("results%", f"{text!r} is no list of scores") from error


def read_stack_bytes(board: CommandLine) -> int:
    """The most bytes of stack used so far. Raises GarbledAnswerError."""
    return _numbers("ram%", _field("ram%", board.command("ram%"), "m-stack-"), 2)[0]


def read_output(board: CommandLine, index: int) -> bytes:
    """The bytes of an output, held against the board's own checksum. Raises GarbledAnswerError."""
    command = f"output {index}%"
    head, *dump = board.command(command)
    number, size = _numbers(command, _field(command, [head], "m-output-"), 2)
    digits = "".join(line.removeprefix("m-buffer-").replace("-", "") for line in dump)
    if number != index or len(digits) != 2 * size or not re.fullmatch("[0-9A-Fa-f]*", digits):
        raise GarbledAnswerError(command, f"{len(digits) // 2} bytes of output {number} instead of {size} of {index}")
    data = bytes.fromhex(digits)
    crc = read_crc(board, str(index))
    if zlib.crc32(data) != crc:
        raise GarbledAnswerError(command, f"checksum 0x{zlib.crc32(data):08X} instead of 0x{crc:08X}")
    return data


def read_outputs(board: CommandLine, count: int) -> tuple[bytes, ...]:
    """The bytes of all outputs of the last inference."""
    return tuple(read_output(board, index) for index in range(count))


def read_crc(board: CommandLine, what: str) -> int:
    """The board's CRC-32 of an output by number, or of "input". Raises GarbledAnswerError."""
    text = _field(f"crc {what}%", board.command(f"crc {what}%"), "m-crc-")
    if not re.fullmatch("[0-9A-F]{8}", text):
        raise GarbledAnswerError(f"crc {what}%", f"{text!r} is no checksum")
    return int(text, 16)


def elapsed_us(lines: Sequence[str]) -> int:
    """Microseconds between the two time stamps in the answer of `infer`. Raises GarbledAnswerError."""
    laps = [int(match[1]) for line in lines if (match := _LAP.fullmatch(line))]
    if len(laps) != 2:
        raise GarbledAnswerError("infer", f"{len(laps)} time stamps instead of 2")
    return laps[1] - laps[0]


def _field(command: str, lines: Sequence[str], name: str) -> str:
    """What stands in brackets after `name`."""
    for line in lines:
        if line.startswith(name + "[") and line.endswith("]"):
            return line[len(name) + 1 : -1]
    raise GarbledAnswerError(command, f"no line {name}[...]")


def _numbers(command: str, text: str, count: int) -> list[int]:
    try:
        values = [int(v) for v in text.split()]
    except ValueError:
        values = []
    if len(values) != count:
        raise GarbledAnswerError(command, f"{text!r} instead of {count} numbers")
    return values
