"""Other forms of a linked firmware."""

from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

_HEX_BYTES_PER_LINE = 16


def flash_image(elf: Path) -> tuple[int, bytes]:
    """Return (load address, contents) of everything that `elf` puts into flash; gaps hold 0xFF, as erased."""
    with elf.open("rb") as stream:
        pieces = sorted(
            (segment["p_paddr"], segment.data()[: segment["p_filesz"]])
            for segment in ELFFile(stream).iter_segments("PT_LOAD")
            if segment["p_filesz"] > 0
        )
    base = pieces[0][0]
    contents = bytearray()
    for address, data in pieces:
        contents += b"\xff" * (address - base - len(contents)) + data
    return base, bytes(contents)


def intel_hex(base: int, contents: bytes) -> str:
    """Return `contents` at address `base` as Intel HEX with 32-bit addresses."""
    lines = []
    upper = -1
    for offset in range(0, len(contents), _HEX_BYTES_PER_LINE):
        address = base + offset
        if address >> 16 != upper:
            upper = address >> 16
            lines.append(_record(0, 4, upper.to_bytes(2, "big")))
        # A record may not cross 64 KiB; the lines are aligned, because flash starts on such a boundary.
        lines.append(_record(address & 0xFFFF, 0, contents[offset : offset + _HEX_BYTES_PER_LINE]))
    lines.append(_record(0, 1, b""))
    return "\n".join(lines) + "\n"


def _record(address: int, kind: int, data: bytes) -> str:
    record = bytes((len(data), address >> 8, address & 0xFF, kind)) + data
    return f":{(record + bytes((-sum(record) & 0xFF,))).hex().upper()}"


def symbol_map(elf: Path) -> str:
    """Return the sections and symbols of `elf` by address: address, size in bytes, section, name."""
    rows = []
    with elf.open("rb") as stream:
        file = ELFFile(stream)
        names = [section.name for section in file.iter_sections()]
        for section in file.iter_sections():
            if section["sh_flags"] & 2 and section["sh_size"]:
                rows.append((section["sh_addr"], 0, section["sh_size"], section.name, ""))
        symbols = file.get_section_by_name(".symtab")
        assert isinstance(symbols, SymbolTableSection)
        for symbol in symbols.iter_symbols():
            index = symbol["st_shndx"]
            if isinstance(index, int) and symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT"):
                rows.append((symbol["st_value"] & ~1, 1, symbol["st_size"], names[index], symbol.name))
    lines = [f"0x{at:08x} {size:8d} {section:12s} {name}".rstrip() for at, _, size, section, name in sorted(rows)]
    return "\n".join(lines) + "\n"
