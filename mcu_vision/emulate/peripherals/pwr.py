"""Power control (RM0090 section 5.4)."""

from mcu_vision.emulate.peripherals.registers import Registers

CR, CSR = 0x00, 0x04


class PowerControl(Registers):
    """Over-drive and voltage scaling are ready as soon as they are asked for."""

    def __init__(self, base: int) -> None:
        super().__init__("PWR", base, 0x400, {CR: 0xC000})

    def read_word(self, offset: int) -> int:
        value = super().read_word(offset)
        if offset == CSR:
            over_drive = self.words.get(CR, 0) & (3 << 16)  # ODEN, ODSWEN: the ready bits have the same places
            return value & ~(3 << 16) | over_drive | 1 << 14
        return value
