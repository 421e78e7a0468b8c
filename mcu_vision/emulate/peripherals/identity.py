"""Who the chip is: DBGMCU (RM0090 section 38.6.1), unique id and flash size (section 39)."""

from mcu_vision.emulate.peripherals.registers import Registers


class ReadOnlyWords(Registers):
    """Registers that ignore writes."""

    def write_word(self, offset: int, value: int) -> None:
        pass


def debug_mcu() -> Registers:
    """IDCODE: device 0x419 (STM32F42x and F43x), revision 3."""
    return Registers("DBGMCU", 0xE0042000, 0x400, {0x00: 0x20010419})


def device_signature(flash_bytes: int) -> Registers:
    """Unique id at 0x1FFF7A10, flash size in KiB at 0x1FFF7A22."""
    unique_id = {0x210: 0x00290038, 0x214: 0x3234510B, 0x218: 0x33393433}
    return ReadOnlyWords("device signature", 0x1FFF7800, 0x400, {**unique_id, 0x220: (flash_bytes // 1024) << 16})
