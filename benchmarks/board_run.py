"""Builds a planned graph and runs it once in the embedded emulator."""

from mcu_vision.boards import load_board
from mcu_vision.cli import measuring
from mcu_vision.cli.emulated import Inference
from mcu_vision.plan import Program

BOARD = "stm32f439"


def measure_program(program: Program, toolchain: str) -> Inference:
    """One inference on a picture of noise: as a whole, and each step of the schedule."""
    return measuring.measure_program(program, load_board(BOARD), toolchain)


def function_costs(program: Program, toolchain: str, function: str) -> tuple[int, int, int]:
    """Of all calls of a C function in such an inference: as operator_costs."""
    calls = measuring.measure_function(program, load_board(BOARD), toolchain, function)
    return calls.instructions, calls.cycles_0ws, calls.cycles_estimated


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
