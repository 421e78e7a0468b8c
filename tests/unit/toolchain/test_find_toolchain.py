"""Which compiler is taken."""

from pathlib import Path

import pytest

from mcu_vision.errors import UserError
from mcu_vision.toolchain import find_host_compiler, find_toolchain


@pytest.fixture
def bare_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH without any compiler."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(folder: Path, name: str, script: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_auto_takes_zig_where_there_is_no_gcc(bare_path: Path) -> None:
    assert find_toolchain("auto").name == "zig"
    assert find_host_compiler().is_zig


def test_auto_takes_gcc_where_it_is(bare_path: Path) -> None:
    install(bare_path, "arm-none-eabi-gcc", "echo arm-none-eabi-gcc 99.1")
    assert find_toolchain("auto").name == "gcc"
    assert "99.1" in find_toolchain("gcc").compiler.identity
    assert find_toolchain("zig").name == "zig"


def test_absent_gcc_is_a_user_error(bare_path: Path) -> None:
    with pytest.raises(UserError, match="--toolchain zig"):
        find_toolchain("gcc")


def test_broken_gcc_is_a_user_error(bare_path: Path) -> None:
    install(bare_path, "arm-none-eabi-gcc", "exit 1")
    with pytest.raises(UserError, match="mend that compiler"):
        find_toolchain("auto")


def test_no_compiler_at_all_is_a_user_error(bare_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcu_vision.toolchain.select._zig", lambda: None)
    for find in (find_toolchain, find_host_compiler):
        with pytest.raises(UserError, match="pip install"):
            find()


def test_unknown_name_is_a_user_error() -> None:
    with pytest.raises(UserError, match="auto, zig, gcc"):
        find_toolchain("clang")
