"""The sources of a model as a library for this machine."""

import ctypes
from pathlib import Path

import pytest

from mcu_vision.toolchain import CompileError, build_host_library


def run_fake_model(library: Path) -> bytes:
    fake = ctypes.CDLL(str(library))
    fake.fake_input.restype = fake.fake_output.restype = ctypes.POINTER(ctypes.c_int8)
    ctypes.memmove(fake.fake_input(), bytes(range(16)), 16)
    assert fake.fake_invoke() == 0
    return ctypes.string_at(fake.fake_output(0), fake.fake_output_bytes(0))


def test_library_computes(fake_models: Path, tmp_path: Path) -> None:
    library = build_host_library(fake_models / "classifier", tmp_path / "sub" / "fake.so")
    assert run_fake_model(library) == bytes(reversed(range(16)))
    assert [path.name for path in library.parent.iterdir()] == ["fake.so"]


@pytest.mark.slow
def test_zig_makes_the_library_where_the_system_has_no_compiler(
    fake_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    library = build_host_library(fake_models / "classifier", tmp_path / "fake.so")
    assert run_fake_model(library) == bytes(reversed(range(16)))


def test_library_is_reproducible(fake_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = []
    for name in ("first", "second"):
        monkeypatch.setenv("MCU_VISION_CACHE", str(tmp_path / f"cache-{name}"))
        built.append(build_host_library(fake_models / "classifier", tmp_path / name / "fake.so"))
    assert built[0].read_bytes() == built[1].read_bytes()


def test_compile_error(tmp_path: Path) -> None:
    (tmp_path / "wrong.c").write_text("int wrong(void) { return unknown_name; }\n")
    with pytest.raises(CompileError, match="unknown_name"):
        build_host_library(tmp_path, tmp_path / "out" / "wrong.so")
