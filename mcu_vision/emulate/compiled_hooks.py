"""Compiles the emulator's hooks, which are in C because the engine calls them for every block and every access."""

import contextlib
import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mcu_vision.errors import UserError

_HEADERS, _SOURCES = (sorted(Path(__file__).parent.glob(pattern)) for pattern in ("*.h", "*.c"))


def hooks_library() -> ctypes.CDLL:
    """The functions of all C files of this folder. Raises UserError where no C compiler works."""
    return ctypes.CDLL(str(_compiled_library()))


def _compiled_library() -> Path:
    """Compile the hooks, once a user and version of the source.

    Raises UserError where no C compiler works.
    """
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (*_HEADERS, *_SOURCES))).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mcu_vision"
    library = folder / f"hooks-{platform.machine()}-{digest}.so"
    if library.exists():
        return library
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=folder))
    except OSError:  # no home, or one that cannot be written
        folder = staging = Path(tempfile.mkdtemp(prefix="mcu_vision-"))
        library = folder / library.name
    compiled = staging / "compiled.so"
    _compile(compiled)
    os.replace(compiled, library)
    if staging != folder:
        with contextlib.suppress(OSError):
            staging.rmdir()
    return library


def _compile(output: Path) -> None:
    commands = [[sys.executable, "-m", "ziglang", "cc", "-mcpu=baseline", "-nostdlib"]]
    system = shutil.which("cc")
    if system:
        commands.insert(0, [system])
    for command in commands:
        arguments = [*command, "-std=c99", "-O2", "-shared", "-fPIC", *map(str, _SOURCES), "-o", str(output)]
        if subprocess.run(arguments, capture_output=True, check=False).returncode == 0:
            return
    raise UserError("the emulator needs a C compiler for its hooks: pip install ziglang, or install gcc")
