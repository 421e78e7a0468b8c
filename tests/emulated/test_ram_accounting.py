"""Linker map, plan and what the emulated board's code touches agree, byte for byte."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from graphs import tiny_classifier, tiny_detector

from mcu_vision.cli.emulated import EmulatedModel
from mcu_vision.cli.photos import load_photo
from mcu_vision.cli.pipeline import Build, build_model, shipped_models
from mcu_vision.data.letterbox import letterbox
from mcu_vision.emulate.firmware_elf import load_firmware_elf
from mcu_vision.ir import Graph
from mcu_vision.plan import PlanOptions
from mcu_vision.plan.options import INPUTS
from mcu_vision.saved_model import save_graph
from mcu_vision.toolchain.sizes import measure_sizes

TOOLCHAINS = [
    "zig",
    pytest.param(
        "gcc",
        marks=pytest.mark.skipif(
            shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not on the PATH"
        ),
    ),
]


SECTION_ALIGNMENT = 8  # of the linker script


@dataclass
class Measured:
    """What code touched from reset to the end of what `build` measures: a bool for each byte of RAM.

    It is run as there, misaligned accesses timed: where SysTick falls decides how deep the stack gets.
    """

    build: Build
    touched: dict[str, np.ndarray]
    stack_bytes: int
    symbols: dict[str, int]

    @classmethod
    def run(cls, build: Build) -> Measured:
        _, height, width, channels = build.graph.input.shape
        program = build.program
        with EmulatedModel(build.elf, build.board, build.prefix, check_alignment=True, guard=program) as emulated:
            emulated.write_image(letterbox(load_photo(None), width, height, channels)[0])
            emulated.infer()
            if program.pulls_rows:
                emulated.ask_for_rows()
            board = emulated.board
            return cls(build, board.touched_ram(), board.stack_high_water(), load_firmware_elf(build.elf).symbols)

    def between(self, first: int, last: int) -> np.ndarray:
        """Of addresses [first, last), True where touched."""
        region = next(r for r in self.build.board.ram_regions if first in r)
        return self.touched[region.name][first - region.base : last - region.base]

    def statics(self) -> list[tuple[int, int]]:
        """Addresses [first, last) of variables and of weights."""
        names = ("data", "bss", "weights_sram", "weights_ccm")
        spans = [(self.symbols[f"_s{name}"], self.symbols[f"_e{name}"]) for name in names]
        return [(first, last) for first, last in spans if last > first]

    def arenas(self) -> dict[str, tuple[int, int]]:
        """Addresses [first, last) of each region's arena."""
        starts = {n: self.symbols.get(f"{self.build.prefix}_arena_{n}", 0) for n in self.build.program.arena_bytes}
        return {n: (starts[n], starts[n] + size) for n, size in self.build.program.arena_bytes.items() if size}


def check_arenas(measured: Measured) -> None:
    """Touched is what the steps of the plan may touch, all of it."""
    program = measured.build.program
    planned = {name: np.zeros(size, bool) for name, size in program.arena_bytes.items()}
    for position in range(len(program.schedule)):
        for block in program.blocks(position):
            planned[block.region][block.offset : block.offset + block.size] = True
    for name, (first, last) in measured.arenas().items():
        assert (measured.between(first, last) == planned[name]).all()


def check_variables_and_stack(measured: Measured) -> None:
    """All variables and weights are touched; the stack down to where its paint ends."""
    for first, last in measured.statics():
        assert measured.between(first, last).all()
    stack = measured.between(measured.symbols["__stack_bottom"], measured.symbols["__stack_top"])
    assert measured.stack_bytes == len(stack) - stack.argmax()
    assert measured.stack_bytes == measured.build.summary["ram"]["items"]["stack"]


def check_sums(measured: Measured) -> None:
    """Nothing else is touched, and what is counted is that and the alignment of sections."""
    build, ram = measured.build, measured.build.summary["ram"]
    top = measured.symbols["__stack_top"]
    used = sorted([*measured.statics(), (top - measured.stack_bytes, top), *measured.arenas().values()])
    padding = 0
    for region in build.board.ram_regions:
        spans = [span for span in used if span[0] in region]
        gaps = [-last % SECTION_ALIGNMENT for _, last in spans[:-1]]
        assert gaps == [after[0] - before[1] for before, after in pairwise(spans)]
        size = sum(last - first for first, last in spans) + sum(gaps)
        assert ram["regions"][region.name]["used_bytes"] == size
        assert measured.touched[region.name].sum() == sum(measured.between(*span).sum() for span in spans)
        padding += sum(gaps)
    assert ram["items"]["padding"] == padding
    assert ram["peak_bytes"] == sum(ram["items"].values()) == sum(r["used_bytes"] for r in ram["regions"].values())


def check_linker_map(measured: Measured) -> None:
    """Sections are as large as the plan says."""
    program, items = measured.build.program, measured.build.summary["ram"]["items"]
    sizes = measure_sizes(measured.build.elf, measured.build.board).ram
    for name, size in program.arena_bytes.items():
        assert sizes[name].items.get(f".arena.{name}", 0) == size
        assert sizes[name].items.get(f".weights.{name}", 0) == program.promoted_bytes[name]
    assert items["input"] == sum(b.capacity * b.row_bytes for b in program.buffers if b.kind == "input")
    assert items["input"] + items["arena"] == program.total_bytes


def check(build: Build) -> None:
    measured = Measured.run(build)
    check_linker_map(measured)
    check_arenas(measured)
    check_variables_and_stack(measured)
    check_sums(measured)


def inputs_of(model: str) -> tuple[str, ...]:
    """Ways in which a shipped model's image fits the board."""
    return ("rows",) if model == "face-quant" else INPUTS


@pytest.mark.parametrize("toolchain", TOOLCHAINS)
@pytest.mark.parametrize("source", INPUTS)
@pytest.mark.parametrize("graph", [tiny_detector(), tiny_classifier()], ids=lambda g: g.name)
def test_small_models(graph: Graph, source: str, toolchain: str, tmp_path: Path) -> None:
    model = tmp_path / "model.int8.safetensors"
    save_graph(graph, model)
    check(build_model(str(model), "stm32f439", toolchain, tmp_path, PlanOptions(input=source)))


@pytest.mark.parametrize("toolchain", TOOLCHAINS)
def test_weights_in_ram(toolchain: str, tmp_path: Path) -> None:
    """They come where room is left, in both memories."""
    model = tmp_path / "model.int8.safetensors"
    save_graph(tiny_detector(), model)
    build = build_model(str(model), "stm32f439", toolchain, tmp_path, PlanOptions(optimize="time"))
    assert build.program.promoted_bytes["ccm"] > 0
    assert build.summary["ram"]["items"]["weights"] == sum(build.program.promoted_bytes.values())
    check(build)


@pytest.mark.slow
@pytest.mark.parametrize("toolchain", TOOLCHAINS)
@pytest.mark.parametrize(("model", "source"), [(m, s) for m in shipped_models() for s in inputs_of(m)])
def test_shipped_models(model: str, source: str, toolchain: str, tmp_path: Path) -> None:
    check(build_model(model, "stm32f439", toolchain, tmp_path, PlanOptions(input=source)))


@pytest.mark.slow
@pytest.mark.parametrize("model", shipped_models())
def test_shipped_models_with_weights_in_ram(model: str, tmp_path: Path) -> None:
    """All but `check_arenas`: scratch for four channels of a pointwise convolution is not used up by every layer."""
    options = PlanOptions(optimize="time", input=inputs_of(model)[0])
    measured = Measured.run(build_model(model, "stm32f439", "zig", tmp_path, options))
    assert measured.build.summary["ram"]["items"]["weights"] > 0
    check_linker_map(measured)
    check_variables_and_stack(measured)
