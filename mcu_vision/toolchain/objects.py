"""Compiles sources to objects, in parallel, each only when something it depends on has changed."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mcu_vision.toolchain.cache import cache_dir, prune_objects
from mcu_vision.toolchain.compiler import Compiler

_JOBS = 2

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SourceFolder:
    """A folder of C sources and headers.

    `label` stands for its path in debug information, so that the place of a build does not change its bytes.
    """

    label: str
    path: Path
    flags: tuple[str, ...] = ()

    def sources(self) -> list[Path]:
        """The C files directly inside."""
        return sorted(self.path.glob("*.c"))


def compile_folders(
    compiler: Compiler,
    folders: Sequence[SourceFolder],
    flags: Sequence[str],
    progress: Progress | None = None,
) -> list[Path]:
    """Compile every C file of `folders`; each folder is on the include path of all, in the order given.

    `progress` is called with (files done, files in all). Returns the objects, in the cache, in a fixed order.
    Raises CompileError with the compiler's text for the first file that fails.
    """
    units = [(folder, source) for folder in folders for source in folder.sources()]
    headers = _headers_digest(folders)
    with ThreadPoolExecutor(_JOBS) as pool:
        futures = [pool.submit(_compile, compiler, unit, folders, flags, headers) for unit in units]
        objects = []
        try:
            for done, future in enumerate(futures, 1):
                objects.append(future.result())
                if progress:
                    progress(done, len(units))
        finally:
            for future in futures:
                future.cancel()
    prune_objects(cache_dir("objects"))
    return objects


def _headers_digest(folders: Sequence[SourceFolder]) -> bytes:
    digest = hashlib.sha256()
    for folder in folders:
        for header in sorted(folder.path.glob("*.h")):
            _update(digest, folder.label.encode(), header.name.encode(), header.read_bytes())
    return digest.digest()


def _update(digest: "hashlib._Hash", *items: bytes) -> None:
    for item in items:
        digest.update(len(item).to_bytes(8, "little"))
        digest.update(item)


def _compile(
    compiler: Compiler,
    unit: tuple[SourceFolder, Path],
    folders: Sequence[SourceFolder],
    flags: Sequence[str],
    headers: bytes,
) -> Path:
    folder, source = unit
    all_flags = [*flags, *folder.flags]
    digest = hashlib.sha256()
    name = f"{folder.label}/{source.name}"
    settings = "\0".join((compiler.identity, name, *all_flags))
    _update(digest, settings.encode(), headers, source.read_bytes())
    target = cache_dir("objects") / f"{digest.hexdigest()}.o"
    if target.exists():
        os.utime(target)
        return target
    paths = [f"-ffile-prefix-map={item.path}={item.label}" for item in folders]
    paths += [f"-I{item.path}" for item in folders]
    if compiler.install_dir:
        paths.append(f"-ffile-prefix-map={compiler.install_dir}=compiler")
    with tempfile.TemporaryDirectory(dir=target.parent) as staging:
        made = Path(staging) / "unit.o"
        compiler.run([*all_flags, *paths, "-c", str(source), "-o", str(made)], source.parent)
        os.replace(made, target)
    return target
