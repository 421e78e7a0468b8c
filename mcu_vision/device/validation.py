"""A board on the other end of a line that may lose, change and add characters, and that may restart at any time."""

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcu_vision.device.console import Console, ConsoleError, ConsoleTimeoutError, DeviceFault
from mcu_vision.device.model_console import (
    GarbledAnswerError,
    read_crc,
    read_model,
    read_outputs,
    read_stack_bytes,
)
from mcu_vision.errors import UserError

ATTEMPTS = 3
_LOAD_BYTES = 31  # two digits each, and the longest command is 80 characters
_TIMEOUT_S = 20.0
_SILENCE_S, _MOST_STRAY_LINES = 0.5, 2000
_STEP = re.compile(r"m-step-\[(\d+) (\d+)\]")


@dataclass(frozen=True)
class Expected:
    """What the board must run: the model's name, outputs and steps; `pulls_rows`: it asks for the image row by row;
    `loads_int8`: its console takes the input's own bytes instead of pixels.
    """

    model: str
    input_bytes: int
    outputs: int
    steps: int
    pulls_rows: bool = False
    loads_int8: bool = False


@dataclass(frozen=True)
class BoardResult:
    """The bytes of each output, and the core's cycles of each step of the schedule."""

    outputs: tuple[bytes, ...]
    step_cycles: tuple[int, ...]


class BoardSession:
    """Runs images on a board. What goes wrong on the line is tried again, ATTEMPTS times; `on_retry` hears why.

    timeout_s: for each line of an answer; no step of a model takes so long on a board.
    """

    def __init__(
        self, console: Console, expected: Expected, on_retry: Callable[[str], None], timeout_s: float = _TIMEOUT_S
    ) -> None:
        self._console, self._expected, self._on_retry, self._timeout_s = console, expected, on_retry, timeout_s
        self.retries = 0

    def command(self, text: str, timeout_s: float | None = None) -> list[str]:
        """Like Console.command; a restart of the board within the answer is an error."""
        return self._checked(text, self._console.command(text, timeout_s or self._timeout_s))

    def _checked(self, text: str, lines: list[str]) -> list[str]:
        if "m-init-done" in lines:
            raise GarbledAnswerError(text, "the board restarted")
        return lines

    def connect(self) -> None:
        """Make sure that the board runs the expected model. Raises UserError."""
        self._attempt("connecting", self._identify)

    def infer(self, pixels: npt.NDArray[np.uint8]) -> BoardResult:
        """Run one image, uint8 (H, W, C). Raises UserError when ATTEMPTS have failed, DeviceFault after a crash."""
        results: list[BoardResult] = []
        self._attempt("an image", lambda: results.append(self._infer(pixels)))
        return results[0]

    def stack_bytes(self) -> int:
        """The most bytes of stack used since the board's start. Raises UserError."""
        used: list[int] = []
        self._attempt("ram%", lambda: used.append(read_stack_bytes(self)))
        return used[0]

    def _attempt(self, what: str, action: Callable[[], None]) -> None:
        for attempt in range(ATTEMPTS):
            try:
                if attempt > 0 or what == "connecting":
                    self._synchronise()
                action()
                return
            except DeviceFault:
                raise
            except (ConsoleError, ConsoleTimeoutError) as error:
                reason = str(error)
                self.retries += 1
                if attempt < ATTEMPTS - 1:
                    self._on_retry(f"{what}: {reason}; trying again")
        raise UserError(f"{what} failed {ATTEMPTS} times, at last because {reason}; check cable, power and --baud")

    def _synchronise(self) -> None:
        """End whatever command the board has half received, and read until it is silent."""
        self._console.transport.write(b"%")
        for _ in range(_MOST_STRAY_LINES):
            try:
                self._console.transport.read_line(_SILENCE_S)
            except TimeoutError:
                return
        raise UserError("the board never stops talking; check --baud, or reset it")

    def _identify(self) -> None:
        model = read_model(self)
        expected = self._expected
        if (model.name, model.input_bytes, model.outputs) != (expected.model, expected.input_bytes, expected.outputs):
            raise UserError(
                f"the board runs {model.name} ({model.input_bytes} bytes of input, {model.outputs} outputs) and not "
                f"{expected.model} ({expected.input_bytes}, {expected.outputs}); flash this build first"
            )

    def _infer(self, pixels: npt.NDArray[np.uint8]) -> BoardResult:
        if self._expected.pulls_rows:
            lines = self._checked("steps", self._console.steps_rows([row.tobytes() for row in pixels], self._timeout_s))
        else:
            self._load(pixels.tobytes())
            lines = self.command("steps%")
        cycles = self._cycles(lines)
        return BoardResult(read_outputs(self, self._expected.outputs), cycles)

    def _load(self, pixels: bytes) -> None:
        image = bytes(pixel ^ 0x80 for pixel in pixels)
        data = image if self._expected.loads_int8 else pixels
        lines = self.command(f"db load {len(data)}%")
        for start in range(0, len(data), _LOAD_BYTES):
            lines = self.command(f"db {data[start : start + _LOAD_BYTES].hex()}%")
        if "m-load-done" not in lines:
            raise GarbledAnswerError("db", f"no m-load-done after {len(data)} bytes")
        crc = read_crc(self, "input")
        if crc != zlib.crc32(image):
            raise GarbledAnswerError("crc input%", "the image did not arrive as it was sent")

    def _cycles(self, lines: Sequence[str]) -> tuple[int, ...]:
        steps = [(int(m[1]), int(m[2])) for line in lines if (m := _STEP.fullmatch(line))]
        count = self._expected.steps
        if [step for step, _ in steps] != list(range(count)) or f"m-steps-[{count}]" not in lines:
            raise GarbledAnswerError("steps%", f"{len(steps)} steps instead of {count}")
        return tuple(cycles for _, cycles in steps)
