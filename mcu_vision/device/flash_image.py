"""What goes into flash: read from ELF, Intel HEX or binary, cut into blocks, and the sectors it covers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from mcu_vision.device.bootloader import BLOCK_BYTES
from mcu_vision.errors import UserError


class Sector(Protocol):
    """The smallest piece of flash that can be erased."""

    @property
    def number(self) -> int: ...
    @property
    def base(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...


_Sector = TypeVar("_Sector", bound=Sector)


@dataclass(frozen=True)
class Block:
    """At most 256 bytes, whole words, that lie in one sector. Bytes that the image leaves open are 0xFF."""

    address: int
    data: bytes


@dataclass(frozen=True)
class FlashImage:
    """The blocks of an image by address; nothing of it lies elsewhere."""

    blocks: tuple[Block, ...]

    @property
    def start(self) -> int:
        """The lowest address."""
        return self.blocks[0].address

    @property
    def end(self) -> int:
        """The first address behind the image."""
        return self.blocks[-1].address + len(self.blocks[-1].data)

    @property
    def size_bytes(self) -> int:
        """Bytes of all blocks."""
        return sum(len(block.data) for block in self.blocks)

    def blocks_in(self, sector: Sector) -> list[Block]:
        """The blocks of one sector."""
        return [b for b in self.blocks if sector.base <= b.address < sector.base + sector.size_bytes]

    def covered(self, sectors: Iterable[_Sector]) -> list[_Sector]:
        """The sectors that hold any of it."""
        return [sector for sector in sectors if self.blocks_in(sector)]


def load_image(path: Path, sectors: Sequence[Sector]) -> FlashImage:
    """Read `path`: ELF by its first bytes, Intel HEX by .hex or .ihex, anything else as binary at the flash's base.

    Raises UserError if it cannot be read, is empty, or does not lie in `sectors`.
    """
    base, end = sectors[0].base, sectors[-1].base + sectors[-1].size_bytes
    try:
        content = path.read_bytes()
        if content.startswith(b"\x7fELF"):
            pieces = _elf_pieces(path)
        elif path.suffix.lower() in (".hex", ".ihex"):
            pieces = _hex_pieces(content.decode("ascii"))
        else:
            pieces = [(base, content)]
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; run mcu-vision build, or name --file") from error
    except (ELFError, ValueError) as error:
        raise UserError(f"{path} is damaged: {error}; build it again") from error
    pieces = [(address, data) for address, data in pieces if data]
    if not pieces:
        raise UserError(f"{path} holds nothing to flash; build it again")
    for address, data in pieces:
        if not base <= address <= address + len(data) <= end:
            raise UserError(
                f"{path} has {len(data):,} bytes at 0x{address:08x}, which is not within the flash, "
                f"0x{base:08x} to 0x{end:08x}; build it for this board"
            )
    return FlashImage(tuple(_blocks(pieces)))


def _elf_pieces(path: Path) -> list[tuple[int, bytes]]:
    with path.open("rb") as stream:
        return [
            (segment["p_paddr"], segment.data()[: segment["p_filesz"]])
            for segment in ELFFile(stream).iter_segments("PT_LOAD")
        ]


def _hex_pieces(text: str) -> list[tuple[int, bytes]]:
    pieces: list[tuple[int, bytes]] = []
    upper = 0
    for number, line in enumerate(text.split(), 1):
        record = bytes.fromhex(line[1:])
        if line[0] != ":" or len(record) < 5 or len(record) != record[0] + 5 or sum(record) & 0xFF:
            raise ValueError(f"record {number} is not Intel HEX")
        address, kind, data = int.from_bytes(record[1:3], "big"), record[3], record[4:-1]
        if kind == 0:
            pieces.append((upper + address, data))
        elif kind == 1:
            return pieces
        elif kind in (2, 4):
            upper = int.from_bytes(data, "big") << (4 if kind == 2 else 16)
    raise ValueError("its end record is missing")


def _blocks(pieces: list[tuple[int, bytes]]) -> list[Block]:
    """Cut into blocks that begin at multiples of 256: no sector ends within one."""
    filled: dict[int, bytearray] = {}
    span: dict[int, tuple[int, int]] = {}
    for address, data in pieces:
        position = 0
        while position < len(data):
            base, offset = divmod(address + position, BLOCK_BYTES)
            chunk = data[position : position + BLOCK_BYTES - offset]
            filled.setdefault(base, bytearray(b"\xff" * BLOCK_BYTES))[offset : offset + len(chunk)] = chunk
            low, high = span.get(base, (BLOCK_BYTES, 0))
            span[base] = (min(low, offset // 4 * 4), max(high, -(-(offset + len(chunk)) // 4) * 4))
            position += len(chunk)
    return [Block(b * BLOCK_BYTES + span[b][0], bytes(filled[b][slice(*span[b])])) for b in sorted(filled)]
