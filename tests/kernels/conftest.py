"""Machines that run the kernels, built once a session."""

from pathlib import Path

import pytest
from build import build_host, build_target, compilers
from cortex_m4 import CortexM4
from machine import HostMachine, Machine


@pytest.fixture(scope="session")
def build_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kernels")


def elf_of(name: str, folder: Path) -> bytes:
    if name not in compilers():
        pytest.skip("needs arm-none-eabi-gcc on the PATH")
    return build_target(name, folder)


@pytest.fixture(scope="session", params=["host", "gcc", "zig"])
def machine(request: pytest.FixtureRequest, build_folder: Path) -> Machine:
    """This machine, and the target as each cross compiler compiles for it."""
    if request.param == "host":
        return HostMachine(str(build_host(build_folder)))
    return CortexM4(elf_of(request.param, build_folder))


@pytest.fixture(scope="session", params=["gcc", "zig"])
def target(request: pytest.FixtureRequest, build_folder: Path) -> CortexM4:
    """The target as each cross compiler compiles for it."""
    return CortexM4(elf_of(request.param, build_folder))
