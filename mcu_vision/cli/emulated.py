"""A built model on the emulated board: image in, results out of the console."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mcu_vision.boards import Board
from mcu_vision.cli.running_model import RunningModel
from mcu_vision.device.console import ConsoleError
from mcu_vision.emulate.image_input import write_image
from mcu_vision.emulate.unicorn_board import UnicornBoard
from mcu_vision.plan import Program
from mcu_vision.reference import quantize_input


@dataclass(frozen=True)
class Inference:
    """What one inference took: exact instructions; cycles are estimates, without and with flash wait states."""

    instructions: int
    cycles_0ws: int
    cycles_estimated: int
    steps: tuple["Inference", ...] = ()
    """The same of each step of the schedule."""

    def figures(self, clock_hz: int) -> dict[str, int | float]:
        """As `build --json` and `run --json` print it."""
        return {
            "instructions": self.instructions,
            "cycles_estimated": self.cycles_estimated,
            "cycles_0ws_estimated": self.cycles_0ws,
            "time_ms_estimated": round(1000 * self.cycles_estimated / clock_hz, 3),
        }


class EmulatedModel(RunningModel):
    """The unmodified firmware, booted, with its model's input and output at hand.

    `guard`: every access of its inferences to the arenas must be one that this program, of which the firmware was
    made, gives to the running step; else they raise ArenaViolation.
    """

    board: UnicornBoard

    def __init__(
        self, elf: Path, board: Board, prefix: str, check_alignment: bool = False, guard: Program | None = None
    ) -> None:
        self.board = UnicornBoard(elf, board, check_alignment=check_alignment, watch_ram=guard is not None)
        self.board.boot()
        if guard is not None:
            self.board.guard_arenas(guard, prefix)
        self._invocations = self.board.record_calls(f"{prefix}_invoke")
        self._steps = self.board.record_calls(f"{prefix}_step")

    def write_image(self, frame: npt.NDArray[np.uint8]) -> None:
        """Give the model pixels uint8 (H, W, C)."""
        write_image(self.board, quantize_input(frame).tobytes())

    def infer(self) -> Inference:
        """Run one inference by console command."""
        self._steps.clear()
        self.board.command("infer 1 0%")
        steps = tuple(Inference(c.instructions, c.cycles_estimated, c.cycles_flash_model) for c in self._steps)
        call = self._invocations[-1]
        return Inference(call.instructions, call.cycles_estimated, call.cycles_flash_model, steps)

    def ask_for_rows(self) -> None:
        """Let a model that pulls rows ask for one over the console, in vain."""
        with suppress(ConsoleError):
            self.board.console.infer_rows([])
