"""Builds a planned graph and runs it once in the embedded emulator."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mcu_vision.boards import Board
from mcu_vision.cli.emulated import EmulatedModel, Inference
from mcu_vision.codegen import generate_sources
from mcu_vision.plan import Program
from mcu_vision.toolchain import find_toolchain, firmware_sources


def measure_program(program: Program, board: Board, toolchain: str) -> Inference:
    """One inference on a picture of noise: as a whole, and each step of the schedule."""
    with _emulated(program, board, toolchain) as emulated:
        return emulated.infer()


def measure_function(program: Program, board: Board, toolchain: str, function: str) -> Inference:
    """What all calls of a C function take in such an inference, with what they call."""
    with _emulated(program, board, toolchain) as emulated:
        calls = emulated.board.record_calls(function)
        emulated.infer()
        return Inference(
            sum(call.instructions for call in calls),
            sum(call.cycles_estimated for call in calls),
            sum(call.cycles_flash_model for call in calls),
        )


@contextmanager
def _emulated(program: Program, board: Board, toolchain: str) -> Iterator[EmulatedModel]:
    """The program's firmware, built, booted, with the picture in place."""
    picture = np.random.default_rng(0).integers(0, 256, program.graph.input.shape[1:], np.uint8)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = folder / "src"
        sources.mkdir()
        model = generate_sources(program, sources)
        image = find_toolchain(toolchain).build_firmware(firmware_sources(), sources, folder, board)
        with EmulatedModel(image.elf, board, model.prefix, check_alignment=True) as emulated:
            emulated.write_image(picture)
            yield emulated
