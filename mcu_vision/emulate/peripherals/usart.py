"""USART of the STM32F4 (RM0090 section 30.6): instant output, input byte by byte, interrupts."""

from typing import ClassVar

from mcu_vision.emulate.peripherals.uart import Uart

RXNE, TC, TXE = 1 << 5, 1 << 6, 1 << 7
RE, TE = 1 << 2, 1 << 3


class Usart(Uart):
    """A window of 1 KB. The class variables are its registers' offsets, and the bit that enables it."""

    status_at: ClassVar[int] = 0x00
    receive_at: ClassVar[int] = 0x04
    transmit_at: ClassVar[int] = 0x04
    control_at: ClassVar[int] = 0x0C
    enable: ClassVar[int] = 1 << 13

    def __init__(self, name: str, base: int, irq: int) -> None:
        super().__init__(name, base, 0x400, irq)

    def _enabled(self, part: int) -> bool:
        wanted = self.enable | part
        return self.words.get(self.control_at, 0) & wanted == wanted

    @property
    def receiver_on(self) -> bool:
        """UE and RE."""
        return self._enabled(RE)

    @property
    def interrupt(self) -> bool:
        """Whether the interrupt line is active: an enabled flag is set."""
        enabled = self.words.get(self.control_at, 0) & (RXNE | TC | TXE)  # the enables have the flags' places
        return enabled != 0 and bool(enabled & self._flags())

    def _flags(self) -> int:
        return TXE | TC | (RXNE if self._received is not None else 0)

    def read_word(self, offset: int) -> int:
        if offset == self.status_at:
            return self._flags()
        return self.take() if offset == self.receive_at else super().read_word(offset)

    def write_word(self, offset: int, value: int) -> None:
        if offset == self.transmit_at:
            if self._enabled(TE):
                self.on_transmit(value & 0xFF)
        elif offset == self.status_at:
            self.write_status(value)
        else:
            super().write_word(offset, value)

    def write_status(self, value: int) -> None:
        """RXNE is cleared by writing 0."""
        if not value & RXNE:
            self._received = None
