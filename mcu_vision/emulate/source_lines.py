"""Which line of the sources an address comes from, by the firmware's debug information."""

from pathlib import Path

from elftools.dwarf.dwarfinfo import DWARFInfo
from elftools.dwarf.lineprogram import LineProgram
from elftools.elf.elffile import ELFFile


def source_line(elf: Path, address: int) -> str | None:
    """ "file.c:line" of the instruction at `address`, or None if the file does not say."""
    with elf.open("rb") as stream:
        file = ELFFile(stream)
        return _find_line(file.get_dwarf_info(), address) if file.has_dwarf_info() else None


def _find_line(info: DWARFInfo, address: int) -> str | None:
    for unit in info.iter_CUs():
        program = info.line_program_for_CU(unit)
        if program is None:
            continue
        before = None
        for entry in program.get_entries():
            state = entry.state
            if state is None:
                continue
            if before is not None and before.address <= address < state.address:
                return f"{_file_name(program, before.file)}:{before.line}"
            before = None if state.end_sequence else state
    return None


def _file_name(program: LineProgram, number: int) -> str:
    """Files count from 1 before version 5 of DWARF (section 6.2.4), from 0 since."""
    first = 0 if program.header["version"] >= 5 else 1
    name = program.header["file_entry"][number - first].name
    return name.decode() if isinstance(name, bytes) else str(name)
