"""General-purpose pins (RM0090 section 8.4): registers without pins."""

from mcu_vision.emulate.peripherals.registers import Registers

ODR, BSRR = 0x14, 0x18
_RESET_VALUES = {"A": {0x00: 0xA8000000, 0x0C: 0x64000000}, "B": {0x00: 0x280, 0x08: 0xC0, 0x0C: 0x100}}


class GpioPort(Registers):
    """Inputs read 0; writes to BSRR reach ODR."""

    def __init__(self, letter: str, base: int) -> None:
        super().__init__(f"GPIO{letter}", base, 0x400, _RESET_VALUES.get(letter))

    def write_word(self, offset: int, value: int) -> None:
        if offset == BSRR:
            offset, value = ODR, self.words.get(ODR, 0) & ~(value >> 16) | value & 0xFFFF
        super().write_word(offset, value)

    def read_word(self, offset: int) -> int:
        return 0 if offset == BSRR else super().read_word(offset)
