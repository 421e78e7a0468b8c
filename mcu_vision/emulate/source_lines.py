"""Which line of the sources an address comes from, by the firmware's debug information."""

from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path

from elftools.dwarf.dwarfinfo import DWARFInfo
from elftools.dwarf.lineprogram import LineProgram
from elftools.elf.elffile import ELFFile


def source_line(elf: Path, address: int) -> str | None:
    """ "file.c:line" of the instruction at `address`, or None if the file does not say."""
    return source_lines(elf, [address]).get(address)


def source_lines(elf: Path, addresses: Iterable[int]) -> dict[int, str]:
    """ "file.c:line" of each instruction of which the file says it."""
    wanted = sorted(addresses)
    with elf.open("rb") as stream:
        file = ELFFile(stream)
        return _find_lines(file.get_dwarf_info(), wanted) if file.has_dwarf_info() else {}


def _find_lines(info: DWARFInfo, addresses: list[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for unit in info.iter_CUs():
        program = info.line_program_for_CU(unit)
        if program is None:
            continue
        before = None
        for entry in program.get_entries():
            state = entry.state
            if state is None:
                continue
            if before is not None:
                inside = addresses[bisect_left(addresses, before.address) : bisect_left(addresses, state.address)]
                name = f"{_file_name(program, before.file)}:{before.line}" if inside else ""
                found |= {address: name for address in inside if address not in found}
            before = None if state.end_sequence else state
    return found


def _file_name(program: LineProgram, number: int) -> str:
    """Files count from 1 before version 5 of DWARF (section 6.2.4), from 0 since."""
    first = 0 if program.header["version"] >= 5 else 1
    name = program.header["file_entry"][number - first].name
    return name.decode() if isinstance(name, bytes) else str(name)
