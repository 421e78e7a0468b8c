"""What the toolchain needs to know of a board. All sizes in bytes, all frequencies in Hz."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Region:
    """A range of addresses that memory answers."""

    name: str
    base: int
    size_bytes: int

    @property
    def end(self) -> int:
        """The first address behind the region."""
        return self.base + self.size_bytes

    def __contains__(self, address: int) -> bool:
        return self.base <= address < self.end


@dataclass(frozen=True)
class FlashSector:
    """The smallest piece of flash that can be erased."""

    number: int
    base: int
    size_bytes: int


@dataclass(frozen=True)
class Clock:
    """The clock tree of an STM32F4 (RM0090 section 6.2): oscillator / m * n / p is the core's clock."""

    core_hz: int
    hse_hz: int
    hse_bypass: bool
    hsi_hz: int
    pll_m_hse: int
    pll_m_hsi: int
    pll_n: int
    pll_p: int
    pll_q: int
    apb1_divider: int
    apb2_divider: int


@dataclass(frozen=True)
class Console:
    """The USART that the host talks to."""

    peripheral: str
    base: int
    bus: Literal["apb1", "apb2"]
    enable_bit: int
    irq: int
    baud: int
    tx_pin: str
    rx_pin: str
    alternate_function: int


@dataclass(frozen=True)
class Board:
    """One board: memories, clocks and console.

    `sram` holds statics and the arena's first region; `ccm` the stack, at its bottom, and the arena's second.
    """

    name: str
    title: str
    family: str
    cpu: str
    ram_budget_bytes: int
    stack_bytes: int
    flash: Region
    sram: Region
    ccm: Region
    flash_sectors: tuple[FlashSector, ...]
    flash_wait_states: int
    clock: Clock
    console: Console

    @property
    def clock_hz(self) -> int:
        """The core's frequency."""
        return self.clock.core_hz

    @property
    def ram_regions(self) -> tuple[Region, Region]:
        """SRAM and core-coupled memory."""
        return (self.sram, self.ccm)

    @property
    def console_clock_hz(self) -> int:
        """The clock of the bus that the console's USART is on."""
        divider = self.clock.apb1_divider if self.console.bus == "apb1" else self.clock.apb2_divider
        return self.clock.core_hz // divider
