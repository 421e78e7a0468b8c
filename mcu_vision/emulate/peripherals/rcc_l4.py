"""Reset and clock control of the STM32L4+ (RM0432 section 6.4): everything is ready as soon as it is switched on."""

from mcu_vision.emulate.peripherals.registers import Registers

CR, CFGR = 0x00, 0x08
_READY_BITS = {0: 1, 8: 10, 16: 17, 24: 25, 26: 27, 28: 29}  # MSI, HSI16, HSE, PLL, PLLSAI1, PLLSAI2: enable, ready


class ResetAndClockL4(Registers):
    """Ready bits mirror enable bits, and SWS mirrors SW; the settings have no effect on the emulated speed."""

    def __init__(self, base: int) -> None:
        super().__init__("RCC", base, 0x400, {CR: 0x63, 0x0C: 0x1000})

    def read_word(self, offset: int) -> int:
        value = super().read_word(offset)
        if offset == CR:
            for enable, ready in _READY_BITS.items():
                value = value & ~(1 << ready) | (value >> enable & 1) << ready
        elif offset == CFGR:
            value = value & ~0xC | (value & 3) << 2
        return value
