"""A built model on the emulator that the user chose."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mcu_vision.boards import Board
from mcu_vision.cli.emulated import EmulatedModel
from mcu_vision.cli.pipeline import Build
from mcu_vision.device.model_console import elapsed_us, read_boxes, read_outputs, read_scores
from mcu_vision.emulate.image_input import write_image
from mcu_vision.emulate.renode_board import RenodeBoard
from mcu_vision.emulate.renode_install import find_renode
from mcu_vision.errors import UserError
from mcu_vision.reference import quantize_input

EMULATORS = ("unicorn", "renode", "auto")


class Measured(Protocol):
    """What one inference took."""

    @property
    def instructions(self) -> int | None:
        """Executed instructions; None where the emulator does not tell."""
        ...

    def figures(self, clock_hz: int) -> dict[str, Any]:
        """As `run --json` prints it."""
        ...


class RunningModel(Protocol):
    """A booted firmware whose model takes images."""

    def write_image(self, frame: npt.NDArray[np.uint8]) -> None:
        """Give the model pixels uint8 (H, W, C)."""
        ...

    def infer(self) -> Measured:
        """Run one inference; the image must be written again before the next."""
        ...

    def boxes(self) -> npt.NDArray[np.int16]:
        """Detections of the last inference: (N, 5), 1/16 pixel and Q15 score."""
        ...

    def scores(self) -> list[float]:
        """Scores of the last inference."""
        ...

    def outputs(self) -> tuple[bytes, ...]:
        """The bytes of all outputs of the last inference."""
        ...

    def stack_bytes(self) -> int:
        """The most bytes of stack used so far."""
        ...

    def command(self, text: str) -> list[str]:
        """Send a console command; return the lines of its answer without "m-ready"."""
        ...

    def __enter__(self) -> "RunningModel": ...

    def __exit__(self, *_: object) -> None: ...


class RenodeInference:
    """What Renode tells of an inference: instructions, and no cycles, which it does not model."""

    def __init__(self, instructions: int | None, virtual_us: int) -> None:
        self.instructions, self.virtual_us = instructions, virtual_us

    def figures(self, clock_hz: int) -> dict[str, Any]:
        """As `run --json` prints it; the time is virtual: at 1 instruction a cycle."""
        return {"instructions": self.instructions, "virtual_time_us": self.virtual_us}


class RenodeModel:
    """The unmodified firmware on Renode, booted. `through_uart`: images go in through the console, byte by byte."""

    def __init__(
        self,
        elf: Path,
        board: Board,
        prefix: str,
        outputs: int,
        through_uart: bool = False,
        metrics: Path | None = None,
    ) -> None:
        self._through_uart, self._outputs = through_uart, outputs
        self._rows: list[bytes] | None = None
        self._counted = 0
        self.board = RenodeBoard(elf, board, metrics=metrics)
        try:
            self.board.count_calls(f"{prefix}_invoke")
            self.board.boot()
        except BaseException:
            self.board.close()
            raise

    def write_image(self, frame: npt.NDArray[np.uint8]) -> None:
        """Give the model pixels uint8 (H, W, C)."""
        if not self._through_uart:
            write_image(self.board, quantize_input(frame).tobytes())
        elif self._pulls_rows():
            self._rows = [row.tobytes() for row in frame]
        else:
            self.board.console.load(frame.tobytes())

    def _pulls_rows(self) -> bool:
        try:
            self.board.symbol("model_rows_pointer")
        except KeyError:
            return False
        return True

    def infer(self) -> RenodeInference:
        """Run one inference by console command."""
        if self._rows is not None:
            lines = self.board.console.infer_rows(self._rows)
        else:
            lines = self.board.command("infer 1 0%")
        counts = self.board.call_instructions(at_least=self._counted + 1)
        told, self._counted = counts[self._counted :], len(counts)
        return RenodeInference(told[-1] if told else None, elapsed_us(lines))

    def boxes(self) -> npt.NDArray[np.int16]:
        """Detections of the last inference: (N, 5), 1/16 pixel and Q15 score."""
        return read_boxes(self.board)

    def scores(self) -> list[float]:
        """Scores of the last inference."""
        return read_scores(self.board)

    def outputs(self) -> tuple[bytes, ...]:
        """The bytes of all outputs of the last inference."""
        return read_outputs(self.board, self._outputs)

    def stack_bytes(self) -> int:
        """The most bytes of stack used so far."""
        return self.board.stack_high_water()

    def command(self, text: str) -> list[str]:
        """Send a console command; return the lines of its answer without "m-ready"."""
        return self.board.command(text)

    def __enter__(self) -> "RenodeModel":
        return self

    def __exit__(self, *_: object) -> None:
        self.board.close()


def chosen_emulator(name: str) -> str:
    """ "unicorn" or "renode"; "auto" is Renode if it is installed. Raises UserError for another name."""
    if name not in EMULATORS:
        raise UserError(f"--emulator must be one of {', '.join(EMULATORS)}, not {name!r}")
    if name != "auto":
        return name
    return "renode" if find_renode() else "unicorn"


def open_model(
    build: Build, emulator: str, guard: bool = False, through_uart: bool = False, metrics: Path | None = None
) -> RunningModel:
    """Boot the firmware of `build` on "unicorn", "renode" or "auto".

    `guard`: check each access to the arenas, on the embedded emulator alone. `through_uart`, `metrics`: as in
    RenodeModel and RenodeBoard, on Renode alone. Raises UserError.
    """
    if chosen_emulator(emulator) == "renode":
        if guard:
            raise UserError("Renode cannot check accesses to the arenas; drop --guard, or use --emulator unicorn")
        return RenodeModel(build.elf, build.board, build.prefix, len(build.graph.outputs), through_uart, metrics)
    if through_uart or metrics is not None:
        raise UserError("--through-uart and --metrics are for --emulator renode; drop them")
    return EmulatedModel(build.elf, build.board, build.prefix, guard=build.program if guard else None)
