"""A planned graph as generated sources, host library and firmware, for tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcu_vision.boards import load_board
from mcu_vision.codegen import generate_sources
from mcu_vision.emulate.unicorn_board import UnicornBoard
from mcu_vision.ir import Array, Graph
from mcu_vision.plan import ArenaRegion, PlanOptions, Program, plan_graph
from mcu_vision.toolchain import build_host_library, find_toolchain, firmware_sources
from mcu_vision.toolchain.host_model import HostModel
from mcu_vision.verify import emulated_execution, host_execution, reference_execution
from mcu_vision.verify.executions import Execution

REGIONS = [ArenaRegion("sram", 190 << 10, dma=True), ArenaRegion("ccm", 60 << 10, dma=False)]
HOST_REGIONS = [ArenaRegion("ram", 64 << 20, dma=True)]
"""For models that no board holds."""


@dataclass
class BuiltModel:
    """Generated sources in `folder`/src, and what runs them."""

    program: Program
    folder: Path
    prefix: str

    @classmethod
    def generate(
        cls,
        graph: Graph,
        folder: Path,
        mode: str = "auto",
        regions: list[ArenaRegion] = REGIONS,
        source: str = "frame",
    ) -> BuiltModel:
        options = PlanOptions(schedule=mode, input=source)
        program = plan_graph(graph, regions, sum(r.size_bytes for r in regions), options)
        (folder / "src").mkdir(parents=True)
        return cls(program, folder, generate_sources(program, folder / "src").prefix)

    def host(self) -> HostModel:
        return HostModel(build_host_library(self.folder / "src", self.folder / "model.so"), self.prefix)

    def board(self, toolchain: str = "zig", guard: bool = True) -> UnicornBoard:
        board = load_board("stm32f439")
        image = find_toolchain(toolchain).build_firmware(
            firmware_sources(), self.folder / "src", self.folder / toolchain, board
        )
        emulated = UnicornBoard(image.elf, board, watch_ram=guard)
        emulated.boot()
        if guard:
            emulated.guard_arenas(self.program, self.prefix)
        return emulated

    def executions(self, *, emulated: bool = False, toolchain: str = "zig") -> dict[str, Execution]:
        runs = {
            "reference": reference_execution(self.program),
            "host": host_execution(self.program, self.host()),
        }
        if emulated:
            runs["emulated"] = emulated_execution(self.program, self.board(toolchain), self.prefix)
        return runs


def noise_images(graph: Graph, count: int, seed: int = 0) -> list[Array]:
    """int8 images (1, H, W, C) of uniform noise."""
    random = np.random.default_rng(seed)
    return [random.integers(-128, 128, graph.input.shape).astype(np.int8) for _ in range(count)]
