"""USART (RM0090 section 30.6): instant output, input byte by byte, interrupts."""

from collections import deque
from collections.abc import Callable

from mcu_vision.emulate.peripherals.registers import Registers

SR, DR, CR1 = 0x00, 0x04, 0x0C
RXNE, TC, TXE = 1 << 5, 1 << 6, 1 << 7
RE, TE, UE = 1 << 2, 1 << 3, 1 << 13


class Usart(Registers):
    """Transmitted bytes go to `on_transmit`; `receive()` queues bytes, `deliver()` moves one into the data register."""

    def __init__(self, name: str, base: int, irq: int) -> None:
        self.irq = irq
        self.on_transmit: Callable[[int], None] = lambda byte: None
        self._queue: deque[int] = deque()
        super().__init__(name, base, 0x400)

    def reset(self) -> None:
        super().reset()
        self._received: int | None = None
        self._last = 0

    def receive(self, data: bytes) -> None:
        """Queue bytes from the other end of the line."""
        self._queue.extend(data)

    @property
    def can_deliver(self) -> bool:
        """Whether a byte waits and the receiver is on and empty."""
        on = self.words.get(CR1, 0) & (UE | RE) == UE | RE
        return on and self._received is None and bool(self._queue)

    def deliver(self) -> None:
        """Receive the next queued byte."""
        self._received = self._queue.popleft()

    @property
    def interrupt(self) -> bool:
        """Whether the interrupt line is active: an enabled flag is set."""
        enabled = self.words.get(CR1, 0) & (RXNE | TC | TXE)  # the enables have the flags' places
        return enabled != 0 and bool(enabled & self._status())

    def _status(self) -> int:
        return TXE | TC | (RXNE if self._received is not None else 0)

    def read_word(self, offset: int) -> int:
        if offset == SR:
            return self._status()
        if offset == DR:
            if self._received is not None:
                self._last, self._received = self._received, None
            return self._last
        return super().read_word(offset)

    def write_word(self, offset: int, value: int) -> None:
        if offset == DR:
            if self.words.get(CR1, 0) & (UE | TE) == UE | TE:
                self.on_transmit(value & 0xFF)
        elif offset == SR:
            if not value & RXNE:
                self._received = None
        else:
            super().write_word(offset, value)
