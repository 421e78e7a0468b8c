"""Compiles firmware/nn: with sanitizers for this machine, and with each cross compiler for the target."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from c_structs import NN

from mcu_vision.toolchain.cache import cache_dir

LIBC = NN.parent / "libc"
PROBE = str(Path(__file__).with_name("probe.c"))
WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-Wdouble-promotion", "-Wconversion"]
TARGET = [
    "-mcpu=cortex-m4",
    "-mthumb",
    "-mfpu=fpv4-sp-d16",
    "-mfloat-abi=hard",
    "-O2",
    "-ffreestanding",
    "-ffunction-sections",
]
ZIG_TARGET = ["-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m4+vfp4d16sp", "-fno-sanitize=undefined"]
# Where clang turns memset into a call of its own run-time library.
LIBRARIES = {"zig": ["-rtlib=compiler-rt"], "gcc": []}
SCRIPT = """
SECTIONS {
    . = 0x08000000;
    .text : { KEEP(*(.text.nn_* .text.probe_*)) *(.text*) *(.rodata*) }
    .data : { *(.data*) *(.bss*) *(COMMON) }
    /DISCARD/ : { *(.ARM.exidx*) *(.comment*) }
}
"""


def compilers() -> dict[str, list[str]]:
    """Commands of the cross compilers that are there."""
    found = {"zig": [sys.executable, "-m", "ziglang", "cc", *ZIG_TARGET, *TARGET[1:]]}
    gcc = shutil.which("arm-none-eabi-gcc")
    if gcc:
        found["gcc"] = [gcc, *TARGET]
    return found


def build_host(folder: Path) -> Path:
    """A shared library of the kernels in which undefined behaviour traps."""
    library = folder / "nn.so"
    sanitize = ["-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
    compiler = next(c for c in ("gcc", "cc", "clang") if shutil.which(c))
    run(
        [compiler, *WARNINGS, *sanitize, "-O1", "-shared", "-fPIC", f"-I{NN}", *sources(NN), PROBE, "-o", str(library)],
        folder,
    )
    return library


def build_target(name: str, folder: Path) -> bytes:
    """An ELF of all kernels and the string functions they call."""
    compiler, elf = compilers()[name], folder / f"{name}.elf"
    objects = []
    for source in [*sources(NN), PROBE, *sources(LIBC)]:
        flags = ["-fno-builtin"] if str(LIBC) in source else [*WARNINGS, f"-I{NN}"]
        objects.append(str(folder / f"{name}_{Path(source).stem}.o"))
        run([*compiler, *flags, f"-I{LIBC}", "-c", source, "-o", objects[-1]], folder)
    script = folder / "kernels.ld"
    script.write_text(SCRIPT)
    run(
        [*compiler, "-nostdlib", *LIBRARIES[name], *objects, "-T", str(script), "-Wl,-e,nn_copy_s8", "-o", str(elf)],
        folder,
    )
    return elf.read_bytes()


def sources(folder: Path) -> list[str]:
    """The C files of a folder."""
    return sorted(map(str, folder.glob("*.c")))


def run(command: Sequence[str], folder: Path) -> None:
    """Run a compiler; its words are the message of the error."""
    caches = {name: str(cache_dir("zig")) for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR")}
    result = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **caches}, check=False, cwd=folder
    )
    assert result.returncode == 0, result.stderr
