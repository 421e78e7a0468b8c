"""Builds a planned graph and runs it once in the embedded emulator."""

import tempfile
from pathlib import Path

import numpy as np

from mcu_vision.boards import load_board
from mcu_vision.cli.emulated import EmulatedModel, Inference
from mcu_vision.codegen import generate_sources
from mcu_vision.plan import Program
from mcu_vision.toolchain import find_toolchain, firmware_sources

BOARD = "stm32f439"


def measure_program(program: Program, toolchain: str) -> Inference:
    """One inference on a picture of noise: as a whole, and each step of the schedule."""
    board = load_board(BOARD)
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


def operator_costs(program: Program, inference: Inference) -> list[tuple[int, int, int]]:
    """Of each operator: instructions, cycles without wait states and with the flash model."""
    spent = [(0, 0, 0)] * len(program.graph.ops)
    for item, step in zip(program.schedule, inference.steps, strict=True):
        before = spent[item.op]
        spent[item.op] = (
            before[0] + step.instructions,
            before[1] + step.cycles_0ws,
            before[2] + step.cycles_estimated,
        )
    return spent
