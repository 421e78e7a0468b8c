"""Which peripherals an STM32L4R5 has here, and where (RM0432 section 2.2.2 and table 76)."""

from collections.abc import Callable

from mcu_vision.emulate.peripherals.flash_interface import FlashInterface
from mcu_vision.emulate.peripherals.gpio import GpioPort
from mcu_vision.emulate.peripherals.rcc_l4 import ResetAndClockL4
from mcu_vision.emulate.peripherals.registers import Registers
from mcu_vision.emulate.peripherals.uart import Uart
from mcu_vision.emulate.peripherals.usart_l4 import UsartL4

_UARTS = (
    ("usart1", 0x40013800, 37),
    ("usart2", 0x40004400, 38),
    ("usart3", 0x40004800, 39),
    ("uart4", 0x40004C00, 52),
    ("uart5", 0x40005000, 53),
    ("lpuart1", 0x40008000, 70),
)
_PWR_RESET_VALUES = {0x00: 0x200, 0x80: 0x100}  # range 1; no boost


class Stm32l4:
    """The chip's peripherals. `on_flash_change`: as in FlashInterface."""

    def __init__(self, on_flash_change: Callable[[int, bool, bool], None]) -> None:
        self.uarts: dict[str, Uart] = {name: UsartL4(name.upper(), base, irq) for name, base, irq in _UARTS}
        self.all: list[Registers] = [
            ResetAndClockL4(0x40021000),
            Registers("PWR", 0x40007000, 0x400, _PWR_RESET_VALUES),
            FlashInterface(0x40022000, on_flash_change),
            *(GpioPort(letter, 0x48000000 + 0x400 * i) for i, letter in enumerate("ABCDEFGHI")),
            *self.uarts.values(),
        ]

    def reset(self) -> None:
        """As by software."""
        for peripheral in self.all:
            peripheral.reset()
