"""What a linked firmware takes of each memory."""

from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from mcu_vision.boards import Board

_FLASH_SECTIONS = (".text", ".rodata", ".data", ".weights.sram", ".weights.ccm")
_RAM_SECTIONS = (".data", ".bss", ".arena.sram", ".weights.sram", ".stack", ".arena.ccm", ".weights.ccm")


@dataclass(frozen=True)
class RegionUsage:
    """Use of one memory, in bytes. `items` are sections; padding between them counts in `used_bytes` only."""

    used_bytes: int
    size_bytes: int
    items: dict[str, int]


@dataclass(frozen=True)
class FirmwareSizes:
    """Use of every memory, in bytes.

    `flash` counts code, constants and initial values of variables; `ram` is by region name ("sram", "ccm").
    """

    flash: RegionUsage
    ram: dict[str, RegionUsage]

    @property
    def flash_bytes(self) -> int:
        """Bytes that are written to flash."""
        return self.flash.used_bytes

    @property
    def ram_bytes(self) -> int:
        """Statics, arena and the whole reserved stack, in all regions."""
        return sum(usage.used_bytes for usage in self.ram.values())


def measure_sizes(elf: Path, board: Board) -> FirmwareSizes:
    """Read the sizes of `elf`'s sections, by the memories of `board`."""
    with elf.open("rb") as stream:
        sections = {
            section.name: (section["sh_addr"], section["sh_size"])
            for section in ELFFile(stream).iter_sections()
            if section["sh_flags"] & 2 and section["sh_size"]
        }
    flash_items = {name: sections[name][1] for name in _FLASH_SECTIONS if name in sections}
    ram = {}
    for region in board.ram_regions:
        inside = {name: sections[name] for name in _RAM_SECTIONS if name in sections and sections[name][0] in region}
        end = max((address + size for address, size in inside.values()), default=region.base)
        items = {name: size for name, (_, size) in inside.items()}
        ram[region.name] = RegionUsage(end - region.base, region.size_bytes, items)
    flash = RegionUsage(sum(flash_items.values()), board.flash.size_bytes, flash_items)
    return FirmwareSizes(flash, ram)
