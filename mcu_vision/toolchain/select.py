"""Finds a compiler for the target and one for this machine."""

import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from mcu_vision.errors import UserError
from mcu_vision.toolchain.compiler import Compiler
from mcu_vision.toolchain.firmware import Toolchain

_GCC = "arm-none-eabi-gcc"
_CHOICES = ("auto", "zig", "gcc")


def find_toolchain(name: str = "auto") -> Toolchain:
    """Find the cross compiler `name`: "gcc" (arm-none-eabi-gcc on the PATH), "zig" (the ziglang wheel), or
    "auto" for the first of these that is there.

    Raises UserError if it is absent.
    """
    if name not in _CHOICES:
        raise UserError(f"unknown toolchain {name!r}; choose one of {', '.join(_CHOICES)}")
    gcc = shutil.which(_GCC)
    if name == "gcc" and gcc is None:
        raise UserError(f"{_GCC} is not on the PATH; install gcc-arm-none-eabi or use --toolchain zig")
    if gcc is not None and name != "zig":
        return Toolchain("gcc", _system_compiler(gcc))
    zig = _zig()
    if zig is None:
        raise UserError(f"no cross compiler; run: pip install 'ziglang<0.18', or put {_GCC} on the PATH")
    return Toolchain("zig", zig)


def find_host_compiler() -> Compiler:
    """Find a C compiler for this machine: `cc`, `gcc` or `clang` of the system, else zig.

    Raises UserError if there is none.
    """
    for name in ("cc", "gcc", "clang"):
        path = shutil.which(name)
        if path is not None:
            return _system_compiler(path)
    zig = _zig()
    if zig is None:
        raise UserError("no C compiler for this machine; run: pip install 'ziglang<0.18', or install gcc")
    return zig


def _system_compiler(path: str) -> Compiler:
    result = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise UserError(f"{path} --version fails; mend that compiler or take it off the PATH")
    return Compiler((path,), f"{Path(path).name} {result.stdout.splitlines()[0]}")


def _zig() -> Compiler | None:
    try:
        wheel = distribution("ziglang")
    except PackageNotFoundError:
        return None
    command = (sys.executable, "-m", "ziglang", "cc")
    return Compiler(command, f"ziglang {wheel.version}", True, str(wheel.locate_file("ziglang")))
