"""Builds a planned graph and runs it once in the embedded emulator."""

import tempfile
from pathlib import Path

import numpy as np

from mcu_vision.boards import Board
from mcu_vision.cli.emulated import EmulatedModel, Inference
from mcu_vision.codegen import generate_sources
from mcu_vision.plan import Program
from mcu_vision.toolchain import find_toolchain, firmware_sources


def measure_program(program: Program, board: Board, toolchain: str) -> Inference:
    """One inference on a picture of noise: as a whole, and each step of the schedule."""
    picture = np.random.default_rng(0).integers(0, 256, program.graph.input.shape[1:], np.uint8)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = folder / "src"
        sources.mkdir()
        model = generate_sources(program, sources)
        image = find_toolchain(toolchain).build_firmware(firmware_sources(), sources, folder, board)
        with EmulatedModel(image.elf, board, model.prefix, check_alignment=True) as emulated:
            emulated.write_image(picture)
            return emulated.infer()
