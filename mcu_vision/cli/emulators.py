"""A built model on the emulator that the user chose."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_vision.boards import Board
from mcu_vision.cli.emulated import EmulatedModel
from mcu_vision.cli.pipeline import Build
from mcu_vision.cli.running_model import RunningModel
from mcu_vision.device.model_console import elapsed_us
from mcu_vision.emulate.image_input import write_image
from mcu_vision.emulate.renode_board import RenodeBoard
from mcu_vision.emulate.renode_install import find_renode
from mcu_vision.errors import UserError
from mcu_vision.reference import quantize_input

EMULATORS = ("unicorn", "renode", "auto")


class RenodeInference:
    """What Renode tells of an inference: instructions, and no cycles, which it does not model."""

    def __init__(self, instructions: int | None, virtual_us: int) -> None:
        self.instructions, self.virtual_us = instructions, virtual_us

    def figures(self, clock_hz: int) -> dict[str, Any]:
        """As `run --json` prints it; the time is virtual: at 1 instruction a cycle."""
        return {"instructions": self.instructions, "virtual_time_us": self.virtual_us}


class RenodeModel(RunningModel):
    """The unmodified firmware on Renode, booted. `through_uart`: images go in through the console, byte by byte."""

    board: RenodeBoard

    def __init__(
        self,
        elf: Path,
        board: Board,
        prefix: str,
        through_uart: bool = False,
        metrics: Path | None = None,
    ) -> None:
        self._through_uart = through_uart
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
        return RenodeModel(build.elf, build.board, build.prefix, through_uart, metrics)
    if through_uart or metrics is not None:
        raise UserError("--through-uart and --metrics are for --emulator renode; drop them")
    return EmulatedModel(build.elf, build.board, build.prefix, guard=build.program if guard else None)
