"""Reset and clock control (RM0090 section 6.3): everything is ready as soon as it is switched on."""

from mcu_vision.emulate.peripherals.registers import Registers

CR, CFGR, BDCR, CSR = 0x00, 0x08, 0x70, 0x74
SOFTWARE_RESET_FLAG, PIN_RESET_FLAG, POWER_ON_RESET_FLAG = 1 << 28, 1 << 26, 1 << 27
_REMOVE_FLAGS = 1 << 24
_FLAGS = 0xFE000000


class ResetAndClock(Registers):
    """Ready bits mirror enable bits, and SWS mirrors SW; the settings have no effect on the emulated speed."""

    def __init__(self, base: int) -> None:
        super().__init__("RCC", base, 0x400, {CR: 0x83, 0x04: 0x24003010, CSR: POWER_ON_RESET_FLAG | PIN_RESET_FLAG})

    def reset_by_software(self) -> None:
        """Reset and leave the cause in CSR."""
        self.reset()
        self.words[CSR] = SOFTWARE_RESET_FLAG | PIN_RESET_FLAG

    def read_word(self, offset: int) -> int:
        value = super().read_word(offset)
        if offset == CR:  # HSI, HSE, PLL, PLLI2S, PLLSAI
            enables = 1 << 0 | 1 << 16 | 1 << 24 | 1 << 26 | 1 << 28
            return value & ~(enables << 1) | (value & enables) << 1
        if offset == CFGR:
            return value & ~0xC | (value & 3) << 2
        if offset in (BDCR, CSR):  # LSE, LSI
            return value & ~2 | (value & 1) << 1
        return value

    def write_word(self, offset: int, value: int) -> None:
        if offset == CSR:
            flags = 0 if value & _REMOVE_FLAGS else self.words.get(CSR, 0) & _FLAGS
            value = value & ~(_FLAGS | _REMOVE_FLAGS) | flags
        super().write_word(offset, value)
