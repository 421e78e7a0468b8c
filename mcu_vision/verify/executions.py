"""The executions of a quantised model that must give equal bytes: integer reference, host C, emulated board."""

from collections.abc import Callable, Sequence

import numpy as np

from mcu_vision.emulate.image_input import write_image
from mcu_vision.emulate.interface import TracingEmulator
from mcu_vision.ir import Array
from mcu_vision.plan.program import Program
from mcu_vision.reference import run_graph
from mcu_vision.toolchain.host_model import HostModel
from mcu_vision.verify.recorder import TensorRecorder

Execution = Callable[[Array], dict[str, Array]]
"""int8 image (1, H, W, C) -> every tensor that an operator writes."""


def reference_execution(program: Program) -> Execution:
    """The operators' integer definitions, in numpy."""

    def run(image: Array) -> dict[str, Array]:
        tensors = run_graph(program.graph, image, keep_all=True)
        return {op.outputs[0]: tensors[op.outputs[0]] for op in program.graph.ops}

    return run


def host_execution(program: Program, host: HostModel) -> Execution:
    """The generated C, compiled for this machine, one step at a time."""

    def run(image: Array) -> dict[str, Array]:
        recorder = TensorRecorder(program, host.read_arena)
        host.write_input(image.tobytes())
        for position in range(len(program.schedule)):
            host.step(position)
            recorder.after_step(position)
        return recorder.tensors()

    return run


def emulated_execution(program: Program, board: TracingEmulator, prefix: str) -> Execution:
    """The unmodified firmware on an emulated board; rows are read as each step of the schedule begins."""
    arenas = {region: board.symbol(f"{prefix}_arena_{region}") for region, n in program.arena_bytes.items() if n}

    def read(region: str, offset: int, count: int) -> bytes:
        return board.read_memory(arenas[region] + offset, count)

    def run(image: Array) -> dict[str, Array]:
        recorder = TensorRecorder(program, read)

        def on_step(_board: object, index: int, *_: int) -> None:
            if index > 0:
                recorder.after_step(index - 1)

        write_image(board, image.tobytes())
        board.on_call(f"{prefix}_step", on_step)
        try:
            board.command("infer 1 0%")
        finally:
            board.on_call(f"{prefix}_step", None)
        recorder.after_step(len(program.schedule) - 1)
        return recorder.tensors()

    return run


def outputs_execution(program: Program, infer: Callable[[Array], Sequence[bytes]]) -> Execution:
    """Whatever gives the bytes of the outputs alone: a board by its console, for one.

    infer: int8 image (1, H, W, C) -> bytes of each output of the graph.
    """

    def run(image: Array) -> dict[str, Array]:
        tensors = [program.graph.tensors[name] for name in program.graph.outputs]
        return {
            tensor.name: np.frombuffer(data, tensor.dtype).reshape(tensor.shape)
            for tensor, data in zip(tensors, infer(image), strict=True)
        }

    return run
