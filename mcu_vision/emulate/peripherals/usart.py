"""USART of the STM32F4 (RM0090 section 30.6): instant output, input byte by byte, interrupts."""

from mcu_vision.emulate.peripherals.uart import Uart

SR, DR, CR1 = 0x00, 0x04, 0x0C
RXNE, TC, TXE = 1 << 5, 1 << 6, 1 << 7
RE, TE, UE = 1 << 2, 1 << 3, 1 << 13


class Usart(Uart):
    """A window of 1 KB."""

    def __init__(self, name: str, base: int, irq: int) -> None:
        super().__init__(name, base, 0x400, irq)

    @property
    def receiver_on(self) -> bool:
        """UE and RE."""
        return self.words.get(CR1, 0) & (UE | RE) == UE | RE

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
            return self.take()
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
