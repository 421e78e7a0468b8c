"""The kernels compile for the target without warnings at every optimisation, and keep no variables."""

from pathlib import Path

import pytest
from build import WARNINGS, compilers, run, sources
from c_structs import NN
from elftools.elf.elffile import ELFFile

LIBC = NN.parent / "libc"


@pytest.mark.parametrize("optimisation", ["-O0", "-Os", "-O3"])
@pytest.mark.parametrize("name", ["gcc", "zig"])
def test_compiles_without_warnings_or_variables(name: str, optimisation: str, tmp_path: Path) -> None:
    if name not in compilers():
        pytest.skip("needs arm-none-eabi-gcc on the PATH")
    for source in sources(NN):
        path = tmp_path / f"{Path(source).stem}.o"
        run([*compilers()[name], *WARNINGS, optimisation, f"-I{LIBC}", "-c", source, "-o", str(path)], tmp_path)
        for section in ELFFile(path.open("rb")).iter_sections():
            writable = section["sh_flags"] & 1 and section["sh_flags"] & 2
            assert not (writable and section["sh_size"]), f"{path.name} keeps variables in {section.name}"
