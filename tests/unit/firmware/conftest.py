"""Parts of the firmware that need no board, compiled for this machine."""

import ctypes
from collections.abc import Callable
from pathlib import Path

import pytest

from mcu_vision.resources import resource
from mcu_vision.toolchain import find_host_compiler

Build = Callable[..., ctypes.CDLL]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """build(sources below firmware/, extra C code, flags): their shared library."""

    def build_library(sources: list[str], extra: str = "", flags: tuple[str, ...] = ()) -> ctypes.CDLL:
        folder = tmp_path_factory.mktemp("host")
        (folder / "extra.c").write_text(extra)
        includes = [f"-I{resource('firmware', name)}" for name in ("app", "board")]
        files = [str(resource("firmware", *name.split("/"))) for name in sources]
        library: Path = folder / "lib.so"
        arguments = ["-std=c99", "-O2", "-shared", "-fPIC", *includes, *flags, *files, str(folder / "extra.c")]
        find_host_compiler().run([*arguments, "-o", str(library)], folder)
        return ctypes.CDLL(str(library))

    return build_library
