"""Which peripherals an STM32F4 has here, and where; those of the largest parts (RM0090 table 1 and section 12.2)."""

from collections.abc import Callable

from mcu_vision.emulate.peripherals.flash_interface import FlashInterface
from mcu_vision.emulate.peripherals.gpio import GpioPort
from mcu_vision.emulate.peripherals.identity import debug_mcu, device_signature
from mcu_vision.emulate.peripherals.pwr import PowerControl
from mcu_vision.emulate.peripherals.rcc import ResetAndClock
from mcu_vision.emulate.peripherals.registers import Registers
from mcu_vision.emulate.peripherals.uart import Uart
from mcu_vision.emulate.peripherals.usart import Usart

_USARTS = (
    ("USART1", 0x40011000, 37),
    ("USART2", 0x40004400, 38),
    ("USART3", 0x40004800, 39),
    ("UART4", 0x40004C00, 52),
    ("UART5", 0x40005000, 53),
    ("USART6", 0x40011400, 71),
    ("UART7", 0x40007800, 82),
    ("UART8", 0x40007C00, 83),
)


class Stm32f4:
    """The chip's peripherals; an access to any other is a fault.

    `on_flash_change`: as in FlashInterface.
    """

    def __init__(self, flash_bytes: int, on_flash_change: Callable[[int, bool, bool], None]) -> None:
        self.rcc = ResetAndClock(0x40023800)
        self.uarts: dict[str, Uart] = {name.lower(): Usart(name, base, irq) for name, base, irq in _USARTS}
        self.all: list[Registers] = [
            self.rcc,
            PowerControl(0x40007000),
            FlashInterface(0x40023C00, on_flash_change),
            Registers("SYSCFG", 0x40013800, 0x400),
            debug_mcu(),
            device_signature(flash_bytes),
            *(GpioPort(letter, 0x40020000 + 0x400 * i) for i, letter in enumerate("ABCDEFGHIJK")),
            *self.uarts.values(),
        ]

    def reset(self) -> None:
        """As by software: RCC keeps the cause."""
        for peripheral in self.all:
            peripheral.reset()
        self.rcc.reset_by_software()
