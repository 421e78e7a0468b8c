"""Runs one inference of a build with every basic block counted, apart for each operator."""

from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from mcu_vision.cli.pipeline import Build
from mcu_vision.data.letterbox import letterbox
from mcu_vision.emulate.disassembly import disassemble
from mcu_vision.emulate.firmware_elf import DataObject
from mcu_vision.emulate.image_input import write_image
from mcu_vision.emulate.profile import Profile
from mcu_vision.emulate.source_lines import source_lines
from mcu_vision.emulate.unicorn_board import UnicornBoard
from mcu_vision.reference import quantize_input
from mcu_vision.report import BlockRow, ConstantRow, InferenceProfile, hottest_blocks, profile_rows
from mcu_vision.resources import resource

Misses = Mapping[DataObject, int]


def profile_inference(build: Build, photo: Image.Image, block_count: int) -> InferenceProfile:
    """Profile the firmware of `build` on a photo. block_count: how many basic blocks to tell apart."""
    program = build.program
    _, height, width, channels = program.graph.input.shape
    with UnicornBoard(build.elf, build.board, check_alignment=True, count_traffic=True) as board:
        board.boot()
        steps = board.profile_calls(f"{build.prefix}_step", lambda position: program.schedule[position].op)
        invocations = board.profile_calls(f"{build.prefix}_invoke", lambda _: 0)
        write_image(board, quantize_input(letterbox(photo, width, height, channels)[0]).tobytes())
        before = board.flash_data_misses()
        board.command("infer 1 0%")
        constants = _constant_rows(build, before, board.flash_data_misses())
        results, whole = steps.results(), invocations.results()[0].profile
        profiles = {key: result.profile for key, result in results.items()}
        rows = profile_rows(
            program,
            whole,
            {key: result.calls for key, result in results.items()},
            profiles,
            {key: result.traffic for key, result in results.items()},
        )
        blocks = _block_rows(build, board, profiles, whole, block_count)
    return InferenceProfile(
        whole.instructions,
        whole.cycles_estimated,
        whole.cycles_flash_model,
        program.graph.macs(),
        rows,
        blocks,
        constants,
    )


def _constant_rows(build: Build, before: Misses, after: Misses) -> tuple[ConstantRow, ...]:
    """The constants of the model, with the misses between two counts."""
    wait_states = build.board.flash_wait_states
    rows = [
        ConstantRow(item.name, item.size_bytes, wait_states * (count - before.get(item, 0)))
        for item, count in after.items()
        if item.name.startswith(build.prefix)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.waits, row.name)))


def _block_rows(
    build: Build, board: UnicornBoard, profiles: Mapping[int, Profile], whole: Profile, count: int
) -> tuple[BlockRow, ...]:
    hottest = hottest_blocks(profiles, count)
    lines = source_lines(build.elf, {block.address for _, block in hottest})
    files = {path.name: path for root in (resource("firmware"), build.folder / "src") for path in root.rglob("*.[ch]")}
    rows = []
    for key, block in hottest:
        source = lines.get(block.address, "")
        rows.append(
            BlockRow(
                build.program.graph.ops[key].name,
                board.function_at(block.address),
                source,
                _source_text(files, source),
                block.address,
                block.executions,
                block.instructions,
                block.cycles_flash_model,
                block.cycles_flash_model / max(1, whole.cycles_flash_model),
                tuple(disassemble(board.read_memory(block.address, block.size_bytes), block.address)),
            )
        )
    return tuple(rows)


def _source_text(files: Mapping[str, Path], source: str) -> str:
    """The line that "file.c:line" names, "" if it cannot be found."""
    name, _, number = source.rpartition(":")
    if name not in files:
        return ""
    lines = files[name].read_text("utf-8").splitlines()
    return lines[int(number) - 1].strip() if 0 < int(number) <= len(lines) else ""
