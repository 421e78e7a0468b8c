"""A model of the ROM bootloader of an STM32F42x/F43x (AN3155, RM0090 section 3), and a line to it with its own clock.

Modelled: sectors and erased state (programming only clears bits), checksums, times of erasing and programming,
bytes lost while it is busy, readout and write protection with their resets, option bytes, parity.
"""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import reduce
from operator import xor

from mcu_vision.boards import load_board
from mcu_vision.device.byte_port import PortLostError

BOARD = load_board("stm32f439")
FLASH = BOARD.flash
RAM_OF_BOOTLOADER = 0x3000  # AN2606: the first 12 KB
ACK, NACK = 0x79, 0x1F
COMMANDS = (0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44, 0x63, 0x73, 0x82, 0x92)
_ALLOWED_WHEN_PROTECTED = (0x00, 0x01, 0x02, 0x92)
_ERASE_S = {16: 0.25, 64: 0.55, 128: 1.0}  # DS9484 table 48, typical, by KB
_MASS_ERASE_S = 16.0
_BLOCK_S = 0.005

_Steps = Generator[None, int, None]


class _RefusedError(Exception):
    """The command ends with NACK."""


class SimulatedBootloader:
    """Takes bytes, answers bytes. `now` is set by whoever delivers them; answers carry their time."""

    def __init__(self, content: bytes = b"", chip_id: int = 0x419, patient: bool = False) -> None:
        """Flash holds `content`, else it is erased. A `patient` one reads all of an impossible list of sectors."""
        self.flash = bytearray(content + b"\xff" * (FLASH.size_bytes - len(content)))
        self.ram = bytearray(BOARD.sram.size_bytes)
        self.read_protected = False
        self.write_protected: set[int] = set()
        self.running: int | None = None
        self.erased: list[int] = []
        self.now, self.busy_until = 0.0, 0.0
        self.even_parity = True
        self.nack_next = False
        self.sent: deque[tuple[float, int]] = deque()
        self._chip_id, self._patient = chip_id, patient
        self.reset()

    def reset(self) -> None:
        """As by the reset pin, with BOOT0 high."""
        self.running = None
        self._steps = self._run()
        next(self._steps)

    def receive(self, byte: int, even_parity: bool = True) -> None:
        """One byte from the line. With the wrong parity it is noise; while busy it is lost."""
        if even_parity == self.even_parity and self.now >= self.busy_until and self.running is None:
            self._steps.send(byte)

    def _run(self) -> Generator[None, int, None]:
        while (yield) != 0x7F:
            pass
        self._send(ACK)
        handlers = dict(zip(COMMANDS, self._handlers(), strict=True))
        while True:
            command = yield
            complement = yield
            allowed = not self.read_protected or command in _ALLOWED_WHEN_PROTECTED
            try:
                if command ^ complement != 0xFF or command not in handlers or not allowed:
                    raise _RefusedError
                self._acknowledge()
                if (yield from handlers[command]()) == "reset":
                    while (yield) != 0x7F:
                        pass
                    self._send(ACK)
            except _RefusedError:
                self._send(NACK)

    def _handlers(self) -> list[Callable[[], Generator[None, int, str | None]]]:
        return [
            *(self._get, self._get_version, self._get_id, self._read, self._go, self._write, self._erase),
            *(self._write_protect, self._write_unprotect, self._readout_protect, self._readout_unprotect),
        ]

    def _get(self) -> Generator[None, int, str | None]:
        self._send(len(COMMANDS), 0x31, *COMMANDS, ACK)
        yield from ()

    def _get_version(self) -> Generator[None, int, str | None]:
        self._send(0x31, 0, 0, ACK)
        yield from ()

    def _get_id(self) -> Generator[None, int, str | None]:
        self._send(1, self._chip_id >> 8, self._chip_id & 0xFF, ACK)
        yield from ()

    def _read(self) -> Generator[None, int, str | None]:
        address = yield from self._address()
        count = yield
        if (yield) != 0xFF - count:
            raise _RefusedError
        content = self._memory(address, count + 1)
        self._acknowledge()
        self._send(*content)

    def _go(self) -> Generator[None, int, str | None]:
        self.running = yield from self._address()

    def _write(self) -> Generator[None, int, str | None]:
        address = yield from self._address()
        count = (yield) + 1
        data = yield from self._take(count)
        if count - 1 ^ reduce(xor, data) != (yield) or count % 4:
            raise _RefusedError
        self._busy(_BLOCK_S)
        if address in FLASH:
            for offset, byte in enumerate(data, address - FLASH.base):
                if self.sector_of(FLASH.base + offset) not in self.write_protected:
                    self.flash[offset] &= byte
        else:
            at = address - BOARD.sram.base
            self.ram[at : at + count] = data
        self._acknowledge()

    def _erase(self) -> Generator[None, int, str | None]:
        head = yield from self._take(2)
        count = int.from_bytes(head, "big") + 1
        sectors = BOARD.flash_sectors
        if count >= 0xFFFE:
            checksum = yield
            chosen = {0x10000: range(24), 0xFFFF: range(12), 0xFFFE: range(12, 24)}[count]
            seconds, body = _MASS_ERASE_S, b""
        else:
            if count > len(sectors) and not self._patient:
                raise _RefusedError
            body = yield from self._take(2 * count)
            checksum = yield
            chosen = [int.from_bytes(body[i : i + 2], "big") for i in range(0, len(body), 2)]
            if any(number >= len(sectors) for number in chosen):
                raise _RefusedError
            seconds = sum(_ERASE_S[sectors[number].size_bytes // 1024] for number in chosen)
        if reduce(xor, head + body) != checksum:
            raise _RefusedError
        self._busy(seconds)
        for number in chosen:
            if number not in self.write_protected:
                self.erase_sector(number)
        self._acknowledge()

    def _write_protect(self) -> Generator[None, int, str | None]:
        count = (yield) + 1
        body = yield from self._take(count)
        if count - 1 ^ reduce(xor, body) != (yield):
            raise _RefusedError
        self.write_protected = set(body)
        self._acknowledge()
        return "reset"

    def _write_unprotect(self) -> Generator[None, int, str | None]:
        self.write_protected = set()
        self._acknowledge()
        yield from ()
        return "reset"

    def _readout_protect(self) -> Generator[None, int, str | None]:
        self.read_protected = True
        self._acknowledge()
        yield from ()
        return "reset"

    def _readout_unprotect(self) -> Generator[None, int, str | None]:
        self._busy(_MASS_ERASE_S)
        for number in range(24):
            self.erase_sector(number)
        self.read_protected = False
        self._acknowledge()
        yield from ()
        return "reset"

    def erase_sector(self, number: int) -> None:
        """Set all bits of a sector."""
        sector = BOARD.flash_sectors[number]
        start = sector.base - FLASH.base
        self.flash[start : start + sector.size_bytes] = b"\xff" * sector.size_bytes
        self.erased.append(number)

    @staticmethod
    def sector_of(address: int) -> int:
        """The number of the sector that holds `address`."""
        return next(s.number for s in BOARD.flash_sectors if s.base <= address < s.base + s.size_bytes)

    def _take(self, count: int) -> Generator[None, int, bytes]:
        data = bytearray()
        for _ in range(count):
            data.append((yield))
        return bytes(data)

    def _address(self) -> Generator[None, int, int]:
        data = yield from self._take(5)
        address = int.from_bytes(data[:4], "big")
        if reduce(xor, data):
            raise _RefusedError
        self._memory(address, 1)
        self._acknowledge()
        return address

    def _memory(self, address: int, count: int) -> bytes:
        if FLASH.base <= address <= address + count <= FLASH.end:
            return bytes(self.flash[address - FLASH.base :][:count])
        at = address - BOARD.sram.base
        if RAM_OF_BOOTLOADER <= at <= at + count <= len(self.ram):
            return bytes(self.ram[at : at + count])
        for first, base in ((0, 0x1FFFC000), (12, 0x1FFEC000)):
            if base <= address <= address + count <= base + 16:
                allowed = sum(1 << i for i in range(12) if first + i not in self.write_protected)
                words = (0xFFEF if first else 0xAAEF, 0xFFFF, 0xFFFF, 0xFFFF, allowed, 0xFFFF, 0xFFFF, 0xFFFF)
                option_bytes = b"".join(word.to_bytes(2, "little") for word in words)
                return option_bytes[address - base :][:count]
        raise _RefusedError

    def _acknowledge(self) -> None:
        if self.nack_next:
            self.nack_next = False
            raise _RefusedError
        self._send(ACK)

    def _send(self, *data: int) -> None:
        self.sent.extend((max(self.now, self.busy_until), byte) for byte in data)

    def _busy(self, seconds: float) -> None:
        self.busy_until = self.now + seconds


@dataclass
class VirtualPort:
    """A line to a simulated part on a virtual clock: minutes pass in milliseconds. The bytes arrive as sent."""

    device: SimulatedBootloader
    can_reset: bool = False
    even_parity: bool = True
    byte_s: float = 11 / 115200

    def __post_init__(self) -> None:
        self.now = max(self.device.now, self.device.busy_until)
        self._received: deque[tuple[float, int]] = deque()
        self._line_free = 0.0

    def write(self, data: bytes) -> None:
        for byte in data:
            self.now += self.byte_s
            for arriving in self.to_device(byte):
                self.device.now = self.now
                self.device.receive(arriving, self.even_parity)
                self._collect()

    def read(self, count: int, timeout_s: float) -> bytes:
        deadline = self.now + timeout_s
        data = bytearray()
        while len(data) < count and self._received and self._received[0][0] <= deadline:
            at, byte = self._received.popleft()
            self.now = max(self.now, at)
            data.append(byte)
        if len(data) < count:
            self.now = deadline
        return bytes(data)

    def discard(self) -> None:
        while self._received and self._received[0][0] <= self.now:
            self._received.popleft()

    def enter_bootloader(self) -> None:
        if self.can_reset:
            self.now += 0.25
            self.device.busy_until = 0.0
            self.device.reset()

    def release(self) -> None:
        pass

    def to_device(self, byte: int) -> list[int]:
        """What of a byte sent arrives."""
        return [byte]

    def to_host(self, byte: int) -> list[int]:
        """What of a byte answered arrives."""
        return [byte]

    def _collect(self) -> None:
        while self.device.sent:
            at, byte = self.device.sent.popleft()
            for arriving in self.to_host(byte):
                self._line_free = max(self._line_free, at) + self.byte_s
                self._received.append((self._line_free, arriving))


class UnpluggedError(PortLostError):
    """The simulated adapter was pulled out."""
