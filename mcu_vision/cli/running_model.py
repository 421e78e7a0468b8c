"""A booted firmware whose model takes images, on whichever emulator."""

from abc import ABC, abstractmethod
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from mcu_vision.device.model_console import read_boxes, read_model, read_outputs, read_scores
from mcu_vision.emulate.interface import Emulator

Self = TypeVar("Self", bound="RunningModel")


class Measured(Protocol):
    """What one inference took."""

    @property
    def instructions(self) -> int | None:
        """Executed instructions; None where the emulator does not tell."""
        ...

    def figures(self, clock_hz: int) -> dict[str, Any]:
        """As `run --json` prints it."""
        ...


class RunningModel(ABC):
    """The firmware answers over its console. `board` has booted."""

    board: Emulator

    @abstractmethod
    def write_image(self, frame: npt.NDArray[np.uint8]) -> None:
        """Give the model pixels uint8 (H, W, C)."""

    @abstractmethod
    def infer(self) -> Measured:
        """Run one inference by console command; the image must be written again before the next."""

    def boxes(self) -> npt.NDArray[np.int16]:
        """Detections of the last inference as the console prints them: (N, 5), 1/16 pixel and Q15 score."""
        return read_boxes(self.board)

    def scores(self) -> list[float]:
        """Scores of the last inference as the console prints them, with three decimals."""
        return read_scores(self.board)

    def outputs(self) -> tuple[bytes, ...]:
        """The bytes of all outputs of the last inference."""
        return read_outputs(self.board, read_model(self.board).outputs)

    def stack_bytes(self) -> int:
        """The most bytes of stack used so far."""
        return self.board.stack_high_water()

    def command(self, text: str) -> list[str]:
        """Send a console command; return the lines of its answer without "m-ready"."""
        return self.board.command(text)

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.board.close()
