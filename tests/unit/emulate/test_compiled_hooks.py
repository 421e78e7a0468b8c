"""Compilation of the counting hooks."""

import ctypes
import shutil
from pathlib import Path

import pytest

from mcu_vision.emulate import compiled_hooks
from mcu_vision.errors import UserError


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that nothing was compiled into."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("system_compiler", [True, False])
def test_compiles_once_with_either_compiler(
    system_compiler: bool, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not system_compiler:
        monkeypatch.setattr(shutil, "which", lambda name: None)
    library = compiled_hooks._compiled_library()
    assert library.is_relative_to(empty_cache)
    assert ctypes.CDLL(str(library)).count_block
    assert [path.name for path in library.parent.iterdir()] == [library.name]
    compiled = library.stat().st_mtime_ns
    assert compiled_hooks._compiled_library().stat().st_mtime_ns == compiled


def test_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert compiled_hooks._compiled_library().exists()


def test_no_compiler(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(compiled_hooks.sys, "executable", "/bin/false")
    with pytest.raises(UserError, match="C compiler"):
        compiled_hooks._compiled_library()
    assert not list(empty_cache.rglob("*.so"))
