"""The generated sources as a library for this machine."""

import os
import tempfile
from pathlib import Path

from mcu_vision.resources import resource
from mcu_vision.toolchain.objects import SourceFolder, compile_folders
from mcu_vision.toolchain.select import find_host_compiler

_FLAGS = ["-std=c99", "-Wall", "-Wextra", "-fPIC", "-ffp-contract=off"]
_SANITIZE = ["-fsanitize=undefined,address", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g"]


def build_host_library(model_src_dir: Path, out: Path, optimisation: str = "-O2", sanitize: bool = False) -> Path:
    """Compile the C files of `model_src_dir` into the shared library `out`, for ctypes; returns `out`.

    A model that pulls rows gets them from the library's `model_row_source`; see firmware/host.
    Takes the system's C compiler, else zig. `sanitize` adds the undefined-behaviour and address sanitizers.
    Raises UserError if there is no compiler, CompileError if the sources do not compile.
    """
    compiler = find_host_compiler()
    flags = [*_FLAGS, optimisation, *(_SANITIZE if sanitize else [])]
    if compiler.is_zig and not sanitize:
        flags.append("-fno-sanitize=undefined")  # zig's default
    folders = [SourceFolder("model", model_src_dir.resolve())]
    if (model_src_dir / "model_glue.h").exists():
        folders.append(SourceFolder("host", resource("firmware", "host")))
    objects = compile_folders(compiler, folders, flags)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".host-") as staging:
        library = Path(staging) / out.name
        arguments = ["-shared", "-Wl,--build-id=none", *flags, *map(str, objects), "-o", str(library), "-lm"]
        compiler.run(arguments, Path(staging))
        os.replace(library, out)
    return out
