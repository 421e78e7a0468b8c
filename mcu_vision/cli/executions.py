"""Ways to execute a graph on an image: float or integer reference, C on this machine, the emulated board.

Each `prepare_*` does its work once and gives a picklable function that opens the execution in a process.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcu_vision.boards import Board
from mcu_vision.cli import options
from mcu_vision.cli.emulated import EmulatedModel
from mcu_vision.cli.pipeline import build_model
from mcu_vision.codegen import generate_sources
from mcu_vision.ir import Graph
from mcu_vision.plan import ArenaRegion, PlanOptions, plan_graph
from mcu_vision.reference import normalize_input, quantize_input, run_graph
from mcu_vision.saved_model import load_graph, save_graph
from mcu_vision.toolchain.host import build_host_library
from mcu_vision.toolchain.host_model import HostModel

EXECUTIONS = ("float", "int8", "host", "board")
ANY_MEMORY_BYTES = 1 << 30

Run = Callable[[npt.NDArray[np.uint8]], npt.NDArray[Any]]
"""A frame uint8 (H, W, C) to the graph's first output, without or with the batch in front."""
OpenRun = Callable[[], Run]


def prepare_reference(graph: Graph, folder: Path) -> OpenRun:
    """The operators' definitions in numpy, float or integer as the graph is."""
    save_graph(graph, folder / "graph.safetensors")
    return partial(_open_reference, folder / "graph.safetensors")


def _open_reference(path: Path) -> Run:
    graph = load_graph(path)
    to_input = quantize_input if graph.quantized else normalize_input
    return lambda frame: run_graph(graph, to_input(frame))[graph.outputs[0]]


def prepare_host(graph: Graph, folder: Path) -> OpenRun:
    """The generated C, compiled for this machine."""
    program = plan_graph(graph, [ArenaRegion("sram", ANY_MEMORY_BYTES, dma=True)], ANY_MEMORY_BYTES)
    sources = folder / "src"
    sources.mkdir()
    model = generate_sources(program, sources)
    library = build_host_library(sources, folder / "model.so")
    return partial(_open_host, library, model.prefix, *_output_form(graph))


def _open_host(library: Path, prefix: str, dtype: str, shape: tuple[int, ...]) -> Run:
    model = HostModel(library, prefix)

    def run(frame: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        model.write_input(quantize_input(frame).tobytes())
        model.invoke()
        return np.frombuffer(model.output(0), dtype).reshape(shape)

    return run


def prepare_board(
    graph: Graph, folder: Path, board: str = options.DEFAULT_BOARD, toolchain: str = "auto", ram: int | None = None
) -> OpenRun:
    """The firmware on the emulated board. Raises UserError if the graph does not fit it."""
    save_graph(graph, folder / "model.int8.safetensors")
    path = str(folder / "model.int8.safetensors")
    build = build_model(path, board, toolchain, folder / "build", PlanOptions(ram_bytes=ram))
    return partial(_open_board, build.elf, build.board, build.prefix, *_output_form(graph))


def _open_board(elf: Path, board: Board, prefix: str, dtype: str, shape: tuple[int, ...]) -> Run:
    model = EmulatedModel(elf, board, prefix)

    def run(frame: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        model.write_image(frame)
        model.infer()
        return np.frombuffer(model.outputs()[0], dtype).reshape(shape)

    return run


def _output_form(graph: Graph) -> tuple[str, tuple[int, ...]]:
    output = graph.tensors[graph.outputs[0]]
    return np.dtype(output.dtype).newbyteorder("<").str, output.shape[1:]


PREPARATIONS: dict[str, Callable[[Graph, Path], OpenRun]] = {
    "float": prepare_reference,
    "int8": prepare_reference,
    "host": prepare_host,
    "board": prepare_board,
}
