"""The chips that the embedded emulator knows, by family."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from mcu_vision.boards import Board
from mcu_vision.emulate.nrf52 import Nrf52
from mcu_vision.emulate.peripherals.registers import Registers
from mcu_vision.emulate.peripherals.uart import Uart
from mcu_vision.emulate.stm32f4 import Stm32f4
from mcu_vision.emulate.stm32l4 import Stm32l4


class Chip(Protocol):
    """The peripherals of a chip; an access to any other is a fault."""

    @property
    def all(self) -> Sequence[Registers]:
        """Every peripheral."""
        ...

    @property
    def uarts(self) -> Mapping[str, Uart]:
        """The UARTs by name, in lower case."""
        ...

    def reset(self) -> None:
        """As by software."""
        ...


def make_chip(board: Board, on_flash_change: Callable[[int, bool, bool], None]) -> Chip:
    """The chip of `board`; `on_flash_change(wait_states, instruction_cache, data_cache)`: as in FlashInterface."""
    if board.family == "stm32l4":
        return Stm32l4(on_flash_change)
    if board.family == "nrf52":
        return Nrf52(board.flash_wait_states, on_flash_change)
    return Stm32f4(board.flash.size_bytes, on_flash_change)
