"""Builds the firmware of a board and a model."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcu_vision.boards import Board
from mcu_vision.errors import UserError
from mcu_vision.files import atomic_write
from mcu_vision.resources import resource
from mcu_vision.toolchain.compiler import CompileError, Compiler
from mcu_vision.toolchain.image import flash_image, intel_hex, symbol_map
from mcu_vision.toolchain.objects import Progress, SourceFolder, compile_folders
from mcu_vision.toolchain.render import render_board_header, render_linker_script
from mcu_vision.toolchain.sizes import FirmwareSizes, measure_sizes

_CPU = ["-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"]
_LANGUAGE = ["-ffreestanding", "-std=c99", "-ffp-contract=off", "-g"]
_WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wdouble-promotion"]
_SIZE = ["-ffunction-sections", "-fdata-sections", "-fomit-frame-pointer"]
_NO_UNWINDING = ["-fno-unwind-tables", "-fno-asynchronous-unwind-tables"]
_FLAGS = [*_CPU, *_LANGUAGE, *_WARNINGS, *_SIZE, *_NO_UNWINDING]
# zig's cortex_m4 has no floating-point unit of its own accord, and it does not heed -mfpu.
_TARGET = {
    "gcc": ["-mcpu=cortex-m4"],
    "zig": ["-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m4+vfp4d16sp", "-fno-sanitize=undefined"],
}
# 64-bit division and the like; zig adds its own run-time library unless told -nostdlib.
_RUNTIME = {"gcc": ["-nostdlib", "-lgcc"], "zig": []}
# memcpy() and the like must not be compiled to a call of themselves.
_LIBC_FLAGS = {"gcc": ("-fno-builtin", "-fno-tree-loop-distribute-patterns"), "zig": ("-fno-builtin",)}
# The linker script places the model's arenas, and weights in RAM, by the names of their sections.
_SECTIONS = tuple(f"-DNN_{what}_SECTION(region)=__attribute__((section(region)))" for what in ("ARENA", "WEIGHTS"))
_OVERFLOW = re.compile(r"region [`'](\w+)'(?: overflowed by|: overflowed by) (\d+) bytes")


@dataclass(frozen=True)
class FirmwareImage:
    """A firmware as files: ELF with debug information, raw flash contents, Intel HEX, list of symbols."""

    elf: Path
    bin: Path
    hex: Path
    map: Path
    sizes: FirmwareSizes
    toolchain: str


@dataclass(frozen=True)
class Toolchain:
    """A cross compiler for Armv7E-M."""

    name: Literal["gcc", "zig"]
    compiler: Compiler

    def build_firmware(
        self,
        src_dirs: Sequence[Path],
        model_src_dir: Path,
        out_dir: Path,
        board: Board,
        optimisation: str = "-O2",
        progress: Progress | None = None,
    ) -> FirmwareImage:
        """Compile `src_dirs` (see `firmware_sources`), the drivers of the board's chip, and the generated sources in
        `model_src_dir`, and link.

        Writes firmware.elf, .bin, .hex and .map into `out_dir`; equal sources give equal flash contents,
        wherever they lie. `progress` is called with (files done, files in all).
        Raises UserError if the firmware does not fit a memory, CompileError if the sources do not compile.
        """
        out_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="mcu-vision-") as name:
            staging = Path(name)
            (staging / "board.h").write_text(render_board_header(board))
            script = staging / "linker.ld"
            script.write_text(render_linker_script(board))
            folders = self._folders([*src_dirs, resource("firmware", "chips", board.family)], model_src_dir, staging)
            flags = [*_TARGET[self.name], *_FLAGS, optimisation]
            objects = compile_folders(self.compiler, folders, flags, progress)
            elf = staging / "firmware.elf"
            self._link(objects, script, elf, board)
            return self._write(elf, out_dir, board)

    def _folders(self, src_dirs: Sequence[Path], model_src_dir: Path, board_dir: Path) -> list[SourceFolder]:
        folders = [SourceFolder(f"firmware/{path.name}", path.resolve(), self._folder_flags(path)) for path in src_dirs]
        return [
            *folders,
            SourceFolder("model", model_src_dir.resolve(), _SECTIONS),
            SourceFolder("generated", board_dir.resolve()),
        ]

    def _folder_flags(self, path: Path) -> tuple[str, ...]:
        return _LIBC_FLAGS[self.name] if path.name == "libc" else ()

    def _link(self, objects: Sequence[Path], script: Path, elf: Path, board: Board) -> None:
        arguments = [*_TARGET[self.name], *_CPU, "-g", "-O2", *map(str, objects), *_RUNTIME[self.name]]
        arguments += ["-T", str(script), "-Wl,--gc-sections", "-Wl,--build-id=none", "-Wl,-e,reset_handler"]
        try:
            self.compiler.run([*arguments, "-o", str(elf)], elf.parent)
        except CompileError as error:
            overflow = _OVERFLOW.search(str(error))
            if overflow is None:
                raise
            name, count = overflow.groups()
            size = next(r.size_bytes for r in (board.flash, *board.ram_regions) if r.name == name)
            raise UserError(
                f"the firmware is {count} bytes too large for {name} ({size} bytes) of {board.name};"
                " choose a smaller model or plan"
            ) from error

    def _write(self, elf: Path, out_dir: Path, board: Board) -> FirmwareImage:
        base, contents = flash_image(elf)
        outputs: dict[str, bytes | str] = {
            "elf": elf.read_bytes(),
            "bin": contents,
            "hex": intel_hex(base, contents),
            "map": symbol_map(elf),
        }
        paths = {kind: out_dir / f"firmware.{kind}" for kind in outputs}
        for kind, content in outputs.items():
            atomic_write(paths[kind], content)
        return FirmwareImage(**paths, sizes=measure_sizes(elf, board), toolchain=self.name)


def firmware_sources() -> list[Path]:
    """The folders of the firmware that ships with the package: console, board, string functions."""
    return [resource("firmware", name) for name in ("app", "board", "libc")]
