"""UART of the nRF52 (nRF52840 product specification, section 6.33): tasks, events, instant output."""

from mcu_vision.emulate.peripherals.uart import Uart

STARTRX, STOPRX, STARTTX, STOPTX = 0x000, 0x004, 0x008, 0x00C
RXDRDY, TXDRDY = 0x108, 0x11C
INTEN, INTENSET, INTENCLR = 0x300, 0x304, 0x308
ENABLE, RXD, TXD = 0x500, 0x518, 0x51C
_RXDRDY_BIT, _TXDRDY_BIT, _ENABLED = 1 << 2, 1 << 7, 4


class UartNrf52(Uart):
    """A window of 4 KB."""

    def __init__(self, name: str, base: int, irq: int) -> None:
        super().__init__(name, base, 0x1000, irq)

    def reset(self) -> None:
        super().reset()
        self._receiving = self._sending = False

    @property
    def receiver_on(self) -> bool:
        """Enabled and started."""
        return self._receiving and self.words.get(ENABLE, 0) == _ENABLED

    @property
    def interrupt(self) -> bool:
        """Whether the interrupt line is active: an event whose interrupt is enabled."""
        enabled = self.words.get(INTEN, 0)
        received = enabled & _RXDRDY_BIT and self.words.get(RXDRDY, 0)
        return bool(received or (enabled & _TXDRDY_BIT and self.words.get(TXDRDY, 0)))

    def deliver(self) -> None:
        """Receive the next queued byte, which makes an event."""
        super().deliver()
        self.words[RXDRDY] = 1

    def read_word(self, offset: int) -> int:
        if offset == RXD:
            return self.take()
        if offset in (INTENSET, INTENCLR):
            return self.words.get(INTEN, 0)
        return super().read_word(offset)

    def write_word(self, offset: int, value: int) -> None:
        if offset in (STARTRX, STOPRX):
            self._receiving = offset == STARTRX
        elif offset in (STARTTX, STOPTX):
            self._sending = offset == STARTTX
        elif offset == INTENSET:
            self.words[INTEN] = self.words.get(INTEN, 0) | value
        elif offset == INTENCLR:
            self.words[INTEN] = self.words.get(INTEN, 0) & ~value
        elif offset == TXD:
            if self._sending and self.words.get(ENABLE, 0) == _ENABLED:
                self.words[TXDRDY] = 1
                self.on_transmit(value & 0xFF)
        else:
            super().write_word(offset, value)
