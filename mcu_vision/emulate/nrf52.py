"""Which peripherals an nRF52840 has here, and where (nRF52840 product specification, section 4.2)."""

from collections.abc import Callable

from mcu_vision.emulate.peripherals.registers import Registers
from mcu_vision.emulate.peripherals.uart import Uart
from mcu_vision.emulate.peripherals.uart_nrf52 import UartNrf52

_HFCLKSTART, _HFCLKSTARTED = 0x000, 0x100
_ICACHECNF = 0x540


class ClockControl(Registers):
    """CLOCK (section 5.4): the crystal runs as soon as it is started."""

    def __init__(self, base: int) -> None:
        super().__init__("CLOCK", base, 0x1000)

    def write_word(self, offset: int, value: int) -> None:
        if offset == _HFCLKSTART:
            self.words[_HFCLKSTARTED] = 1
        super().write_word(offset, value)


class MemoryController(Registers):
    """NVMC (section 4.3): the instruction cache. `on_change`: as in FlashInterface; there is no data cache."""

    def __init__(self, base: int, wait_states: int, on_change: Callable[[int, bool, bool], None]) -> None:
        self._wait_states, self._on_change = wait_states, on_change
        super().__init__("NVMC", base, 0x1000, {0x400: 1})

    def reset(self) -> None:
        super().reset()
        self._announce()

    def write_word(self, offset: int, value: int) -> None:
        super().write_word(offset, value)
        self._announce()

    def _announce(self) -> None:
        self._on_change(self._wait_states, bool(self.words.get(_ICACHECNF, 0) & 1), False)


class Nrf52:
    """The chip's peripherals."""

    def __init__(self, wait_states: int, on_flash_change: Callable[[int, bool, bool], None]) -> None:
        self.uarts: dict[str, Uart] = {"uart0": UartNrf52("UART0", 0x40002000, 2)}
        self.all: list[Registers] = [
            ClockControl(0x40000000),
            MemoryController(0x4001E000, wait_states, on_flash_change),
            Registers("GPIO", 0x50000000, 0x1000),
            *self.uarts.values(),
        ]

    def reset(self) -> None:
        """As by software."""
        for peripheral in self.all:
            peripheral.reset()
