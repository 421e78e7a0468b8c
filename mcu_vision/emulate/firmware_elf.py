"""Loads a firmware's ELF file: what goes where in flash, and which function an address is in."""

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from mcu_vision.errors import UserError


@dataclass(frozen=True)
class Function:
    """A function's name and place; `size_bytes` is 0 where an assembler gave none."""

    name: str
    address: int
    size_bytes: int


@dataclass(frozen=True)
class DataObject:
    """A variable's or a constant's name and place."""

    name: str
    address: int
    size_bytes: int


@dataclass(frozen=True)
class FirmwareElf:
    """`contents`: (load address, bytes) of each section that is stored in the image. `functions`, `objects`: by
    address.
    """

    path: Path
    contents: tuple[tuple[int, bytes], ...]
    symbols: dict[str, int]
    functions: tuple[Function, ...]
    objects: tuple[DataObject, ...]

    def function_at(self, address: int) -> Function | None:
        """The function that covers `address`, if any."""
        index = bisect_right(self.functions, address, key=lambda function: function.address) - 1
        if index < 0:
            return None
        function = self.functions[index]
        inside = function.size_bytes == 0 or address < function.address + function.size_bytes
        return function if inside else None

    def name_at(self, address: int) -> str:
        """The name of the function that covers `address`, else the address."""
        function = self.function_at(address)
        return function.name if function else f"0x{address:08x}"

    def describe(self, address: int) -> str:
        """ "name+0xoffset", or "no known function"."""
        function = self.function_at(address)
        return f"{function.name}+0x{address - function.address:x}" if function else "no known function"


def load_firmware_elf(path: Path) -> FirmwareElf:
    """Read an ELF file for 32-bit Arm.

    Raises UserError if it cannot be read or is something else.
    """
    remedy = "give the firmware.elf that `mcu-vision build` wrote"
    try:
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            if elf.header["e_machine"] != "EM_ARM" or elf.header["e_type"] != "ET_EXEC":
                raise UserError(f"{path} is not an Arm firmware image; {remedy}")
            contents = _contents(elf)
            symbols, functions = _symbols(elf)
            objects = _objects(elf)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; {remedy}") from error
    except UserError:
        raise
    except (ELFError, ValueError, KeyError, TypeError, AttributeError, AssertionError, UnicodeError) as error:
        # pyelftools answers a damaged file with whatever its parser stumbles on
        raise UserError(f"{path} is not an ELF file, or a damaged one; {remedy}") from error
    if not contents:
        raise UserError(f"{path} holds no code; {remedy}")
    return FirmwareElf(path, contents, symbols, functions, objects)


def _contents(elf: ELFFile) -> tuple[tuple[int, bytes], ...]:
    segments = [segment for segment in elf.iter_segments() if segment["p_type"] == "PT_LOAD"]
    contents = []
    for section in elf.iter_sections():
        stored = section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section["sh_type"] != "SHT_NOBITS"
        if not stored or section["sh_size"] == 0:
            continue
        data: bytes = section.data()
        if len(data) != section["sh_size"]:
            raise ELFError(f"section {section.name} is cut short")
        for segment in segments:
            if segment.section_in_segment(section):
                contents.append((segment["p_paddr"] + section["sh_addr"] - segment["p_vaddr"], data))
                break
    return tuple(contents)


def _symbols(elf: ELFFile) -> tuple[dict[str, int], tuple[Function, ...]]:
    symbols: dict[str, int] = {}
    functions: dict[int, Function] = {}
    table = elf.get_section_by_name(".symtab")
    for symbol in table.iter_symbols() if isinstance(table, SymbolTableSection) else ():
        if not symbol.name or symbol.name.startswith("$") or symbol["st_shndx"] == "SHN_UNDEF":
            continue
        is_function = symbol["st_info"]["type"] == "STT_FUNC"
        address = symbol["st_value"] & ~1 if is_function else symbol["st_value"]
        is_global = symbol["st_info"]["bind"] != "STB_LOCAL"
        if is_global or symbol.name not in symbols:
            symbols[symbol.name] = address
        if is_function and (is_global or address not in functions):
            functions[address] = Function(symbol.name, address, symbol["st_size"])
    return symbols, tuple(functions[address] for address in sorted(functions))


def _objects(elf: ELFFile) -> tuple[DataObject, ...]:
    table = elf.get_section_by_name(".symtab")
    found = [
        DataObject(symbol.name, symbol["st_value"], symbol["st_size"])
        for symbol in (table.iter_symbols() if isinstance(table, SymbolTableSection) else ())
        if symbol["st_info"]["type"] == "STT_OBJECT" and symbol["st_shndx"] != "SHN_UNDEF" and symbol["st_size"]
    ]
    return tuple(sorted(found, key=lambda item: item.address))
