"""Flash interface (RM0090 section 3.9): wait states and accelerator; programming is not emulated."""

from collections.abc import Callable

from mcu_vision.emulate.peripherals.registers import Registers

ACR, CR = 0x00, 0x10
_INSTRUCTION_CACHE, _DATA_CACHE = 1 << 9, 1 << 10


class FlashInterface(Registers):
    """`on_change(wait_states, instruction_cache, data_cache)` is called when ACR may have changed."""

    def __init__(self, base: int, on_change: Callable[[int, bool, bool], None]) -> None:
        self._on_change = on_change
        super().__init__("FLASH", base, 0x400, {CR: 0x80000000, 0x14: 0x0FFFAAED})

    def reset(self) -> None:
        super().reset()
        self._announce()

    def write_word(self, offset: int, value: int) -> None:
        super().write_word(offset, value)
        if offset == ACR:
            self._announce()

    def _announce(self) -> None:
        acr = self.words.get(ACR, 0)
        self._on_change(acr & 0xF, bool(acr & _INSTRUCTION_CACHE), bool(acr & _DATA_CACHE))
