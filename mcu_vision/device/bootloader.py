"""Client of the bootloader in the ROM of STM32 parts: the commands of ST AN3155, one exchange each.

Every exchange either does what it says or raises LinkError; none repeats itself. `synchronize` brings a bootloader
that waits for the rest of a damaged command back to where it takes commands. AN3155's checksums are one byte, so a
damaged line can still deliver wrong bytes: only reading back tells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import xor

from mcu_vision.device.byte_port import BytePort

ACK, NACK, SYNC = 0x79, 0x1F, 0x7F
GET, GET_VERSION, GET_ID, READ, GO, WRITE, EXTENDED_ERASE = 0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44
WRITE_UNPROTECT, READOUT_UNPROTECT = 0x73, 0x92
BLOCK_BYTES = 256
_MASS_ERASE = 0xFFFF
_FILLERS = (1,) * 6 + (64, 1, 1) * 6
"""Sync bytes sent at once, try by try. The longest command, a write, waits for 258 bytes at most."""


class LinkError(Exception):
    """One exchange failed: no answer, or not one that the protocol knows."""


class RefusedError(LinkError):
    """The bootloader answered NACK."""


@dataclass(frozen=True)
class Timing:
    """How long to wait for answers, in seconds: AN3155 and the data sheet's longest erase times (DS9484 table 48)."""

    sync: float = 0.25
    answer: float = 1.0
    sector_erase: float = 6.0
    mass_erase: float = 60.0


@dataclass(frozen=True)
class Capabilities:
    """The answer to Get: protocol version (BCD) and the codes of the commands."""

    version: int
    commands: frozenset[int]


class Bootloader:
    """Sends commands through `port`. Every method raises LinkError, or PortLostError."""

    def __init__(self, port: BytePort, timing: Timing | None = None) -> None:
        self.port, self.timing = port, timing or Timing()

    def synchronize(self) -> None:
        """Reset the part if the port can, and send 0x7F until the bootloader answers commands.

        A fresh bootloader answers ACK. One that already runs takes the byte as half a command, or as the rest of
        a damaged one, and answers NACK in the end.
        """
        self.port.enter_bootloader()
        for count in _FILLERS:
            self.port.discard()
            self.port.write(bytes((SYNC,)) * count)
            if self.port.read(count, self.timing.sync):
                try:
                    self.get()
                except LinkError:
                    continue
                return
        raise LinkError("no answer")

    def get(self) -> Capabilities:
        """Protocol version and commands."""
        version, *commands = self._listing(GET)
        return Capabilities(version, frozenset(commands))

    def version(self) -> int:
        """The answer to Get Version, BCD, without the two bytes that AN3155 keeps for compatibility."""
        self._command(GET_VERSION)
        answer = self._receive(3)
        self._acknowledged()
        return answer[0]

    def chip_id(self) -> int:
        """The part's product identifier."""
        return int.from_bytes(self._listing(GET_ID), "big")

    def read(self, address: int, count: int) -> bytes:
        """`count` bytes of memory, 1 to 256."""
        self._command(READ)
        self._send_address(address)
        self.port.write(bytes((count - 1, 0xFF - (count - 1))))
        self._acknowledged()
        return self._receive(count)

    def write(self, address: int, data: bytes) -> None:
        """Write 4 to 256 bytes, whole words, at an address that is a multiple of 4."""
        if address % 4 or len(data) % 4 or not 4 <= len(data) <= BLOCK_BYTES:
            raise ValueError(f"not whole words: {len(data)} bytes at 0x{address:08x}")
        self._command(WRITE)
        self._send_address(address)
        self._send_with_checksum(bytes((len(data) - 1,)) + data)

    def erase(self, sectors: Sequence[int]) -> None:
        """Erase sectors by number."""
        self._command(EXTENDED_ERASE)
        numbers = [len(sectors) - 1, *sectors]
        words = b"".join(number.to_bytes(2, "big") for number in numbers)
        self._send_with_checksum(words, self.timing.sector_erase * len(sectors))

    def erase_all(self) -> None:
        """Erase the whole flash."""
        self._command(EXTENDED_ERASE)
        self._send_with_checksum(_MASS_ERASE.to_bytes(2, "big"), self.timing.mass_erase)

    def go(self, address: int) -> None:
        """Start the application whose vector table is at `address`."""
        self._command(GO)
        self._send_address(address)

    def remove_write_protection(self) -> None:
        """Unprotect all sectors; the part resets."""
        self._command(WRITE_UNPROTECT)
        self._acknowledged(self.timing.sector_erase)

    def remove_readout_protection(self) -> None:
        """Unprotect the flash, which erases all of it; the part resets."""
        self._command(READOUT_UNPROTECT)
        self._acknowledged(self.timing.mass_erase)

    def _command(self, code: int) -> None:
        self.port.discard()
        self.port.write(bytes((code, 0xFF - code)))
        self._acknowledged()

    def _listing(self, code: int) -> bytes:
        self._command(code)
        answer = self._receive(1)
        answer = self._receive(answer[0] + 1)
        self._acknowledged()
        return answer

    def _send_address(self, address: int) -> None:
        self._send_with_checksum(address.to_bytes(4, "big"))

    def _send_with_checksum(self, data: bytes, timeout_s: float | None = None) -> None:
        self.port.write(data + bytes((reduce(xor, data),)))
        self._acknowledged(timeout_s)

    def _receive(self, count: int) -> bytes:
        data = self.port.read(count, self.timing.answer)
        if len(data) < count:
            raise LinkError(f"{len(data)} of {count} bytes")
        return data

    def _acknowledged(self, timeout_s: float | None = None) -> None:
        answer = self.port.read(1, timeout_s or self.timing.answer)
        if not answer:
            raise LinkError("no answer")
        if answer[0] == NACK:
            raise RefusedError("refused")
        if answer[0] != ACK:
            raise LinkError(f"unknown answer 0x{answer[0]:02x}")
