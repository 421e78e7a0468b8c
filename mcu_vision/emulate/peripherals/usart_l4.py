"""USART and LPUART of the STM32L4+ (RM0432 sections 50.8 and 51.7): instant output, input byte by byte, interrupts."""

from mcu_vision.emulate.peripherals.uart import Uart

CR1, ISR, RDR, TDR = 0x00, 0x1C, 0x24, 0x28
RXNE, TC, TXE = 1 << 5, 1 << 6, 1 << 7
UE, RE, TE = 1 << 0, 1 << 2, 1 << 3


class UsartL4(Uart):
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
        return bool(enabled & self._status())

    def _status(self) -> int:
        return TXE | TC | (RXNE if self._received is not None else 0)

    def read_word(self, offset: int) -> int:
        if offset == ISR:
            return self._status()
        return self.take() if offset == RDR else super().read_word(offset)

    def write_word(self, offset: int, value: int) -> None:
        if offset == TDR:
            if self.words.get(CR1, 0) & (UE | TE) == UE | TE:
                self.on_transmit(value & 0xFF)
        else:
            super().write_word(offset, value)
