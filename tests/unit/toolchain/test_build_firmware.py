"""Building: the object cache, and what is said when it fails."""

import os
import re
import shutil
from pathlib import Path

import pytest

from mcu_vision.boards import load_board
from mcu_vision.errors import UserError
from mcu_vision.toolchain import CompileError, find_toolchain, firmware_sources
from mcu_vision.toolchain.cache import cache_dir, prune_objects
from mcu_vision.toolchain.compiler import Compiler
from mcu_vision.toolchain.objects import SourceFolder, compile_folders
from mcu_vision.toolchain.select import find_host_compiler


@pytest.fixture
def model(fake_models: Path, tmp_path: Path) -> Path:
    """A copy of the fake classifier, to be spoilt."""
    return Path(shutil.copytree(fake_models / "classifier", tmp_path / "model"))


def build(compiler_name: str, model: Path) -> None:
    out = model.parent / "out"
    find_toolchain(compiler_name).build_firmware(firmware_sources(), model, out, load_board("stm32f439"))


@pytest.mark.parametrize(("region", "size", "taken"), [("sram", 192 << 10, None), ("ccm", 64 << 10, 4096)])
def test_a_full_memory_is_named_with_the_bytes_that_are_too_many(
    compiler_name: str, model: Path, region: str, size: int, taken: int | None
) -> None:
    source = model / "fake.c"
    text = source.read_text()
    source.write_text(re.sub(rf"\[16\](.*{region})", rf"[{size}]\1", text))
    with pytest.raises(UserError, match=rf"too large for {region} \({size} bytes\)") as caught:
        build(compiler_name, model)
    count = int(re.findall(r"is (\d+) bytes too large", str(caught.value))[0])
    assert count == taken if taken else 256 < count < 2048
    assert not list((model.parent / "out").iterdir())


def test_a_compile_error_carries_the_compilers_text(compiler_name: str, model: Path) -> None:
    (model / "wrong.c").write_text("int wrong(void) {\n    return unknown_name;\n}\n")
    with pytest.raises(CompileError, match=r"wrong\.c:2[\s\S]*unknown_name"):
        build(compiler_name, model)


@pytest.mark.parametrize(
    "code",
    [
        "int f(int x) { int y; return x; }",
        "int f(int x) { if (x) return 1; }",
        "float f(float x) { return x * 2.0; }",
        "static int f(void) { return 1; }",
    ],
)
def test_warnings_are_errors(compiler_name: str, model: Path, code: str) -> None:
    (model / "warn.c").write_text(code + "\n")
    with pytest.raises(CompileError, match=r"warn\.c"):
        build(compiler_name, model)


class CountingCompiler:
    """A host compiler that notes which sources it compiles."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.compiled: list[str] = []
        run = Compiler.run

        def counted(compiler: Compiler, arguments: list[str], working_dir: Path) -> None:
            self.compiled.append(Path(arguments[arguments.index("-c") + 1]).name)
            run(compiler, arguments, working_dir)

        monkeypatch.setattr(Compiler, "run", counted)

    def take(self) -> list[str]:
        """The sources compiled since the last call."""
        names, self.compiled = sorted(self.compiled), []
        return names


def test_only_what_changed_is_compiled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCU_VISION_CACHE", str(tmp_path / "cache"))
    compiler, counter = find_host_compiler(), CountingCompiler(monkeypatch)
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "shared.h").write_text("int a(void);\n")
    for name in "ab":
        (folder / f"{name}.c").write_text(f'#include "shared.h"\nint {name}(void) {{ return 1; }}\n')
    folders = [SourceFolder("sources", folder)]

    first = compile_folders(compiler, folders, ["-O2"])
    assert counter.take() == ["a.c", "b.c"]
    assert compile_folders(compiler, folders, ["-O2"]) == first
    assert counter.take() == []
    (folder / "b.c").write_text("int b(void) { return 2; }\n")
    assert compile_folders(compiler, folders, ["-O2"])[0] == first[0]
    assert counter.take() == ["b.c"]
    (folder / "shared.h").write_text("int a(void); /* changed */\n")
    compile_folders(compiler, folders, ["-O2"])
    assert counter.take() == ["a.c", "b.c"]
    compile_folders(compiler, folders, ["-O1"])
    assert counter.take() == ["a.c", "b.c"]


def test_progress_counts_to_the_number_of_files(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.c").write_text(f"int {name};\n")
    seen: list[tuple[int, int]] = []
    compile_folders(find_host_compiler(), [SourceFolder("s", tmp_path)], [], lambda *now: seen.append(now))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_old_objects_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcu_vision.toolchain.cache._MAX_OBJECTS", 4)
    for age, name in enumerate("abcde"):
        path = tmp_path / f"{name}.o"
        path.touch()
        os.utime(path, (1000 - age, 1000 - age))
    prune_objects(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.o", "b.o"]


def test_a_cache_that_cannot_be_made_is_a_user_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MCU_VISION_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match="MCU_VISION_CACHE"):
        cache_dir("objects")


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MCU_VISION_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_dir("zig") == tmp_path / "mcu-vision" / "zig"
    monkeypatch.setenv("MCU_VISION_CACHE", str(tmp_path / "own"))
    assert cache_dir() == tmp_path / "own"
