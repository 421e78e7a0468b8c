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
class Stm32f4Clock:
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
class Stm32l4Clock:
    """The clock tree of an STM32L4+ (RM0432 section 6.2): internal oscillator / m * n / r is the core's clock."""

    core_hz: int
    hsi_hz: int
    pll_m: int
    pll_n: int
    pll_r: int
    apb1_divider: int
    apb2_divider: int


@dataclass(frozen=True)
class Nrf52Clock:
    """The core's clock has one frequency (nRF52840 product specification, section 5.4)."""

    core_hz: int


Clock = Stm32f4Clock | Stm32l4Clock | Nrf52Clock


@dataclass(frozen=True)
class Console:
    """The UART that the host talks to."""

    peripheral: str
    base: int
    irq: int
    baud: int
    tx_pin: str
    rx_pin: str


@dataclass(frozen=True)
class Stm32f4Console(Console):
    """A USART; `enable_bit` is its bit of RCC_APB1ENR or RCC_APB2ENR."""

    bus: Literal["apb1", "apb2"]
    enable_bit: int
    alternate_function: int

    @property
    def enable_register(self) -> str:
        """The register of `enable_bit`."""
        return f"RCC_{self.bus.upper()}ENR"


@dataclass(frozen=True)
class Stm32l4Console(Console):
    """A USART, or a low-power UART, which counts its baud rate in 256ths of the clock."""

    bus: Literal["apb1", "apb2"]
    enable_register: Literal["RCC_APB1ENR1", "RCC_APB1ENR2", "RCC_APB2ENR"]
    enable_bit: int
    alternate_function: int
    low_power: bool


@dataclass(frozen=True)
class Family:
    """A family of chips that share drivers: firmware/chips/<name>.

    `pin`: how pins are called, with groups port and number. `gpio_base`: of the first port; ports are 0x400 apart.
    """

    name: str
    clock: type[Clock]
    console: type[Console]
    pin: str
    gpio_base: int = 0


_STM32_PIN = r"P(?P<port>[A-K])(?P<number>\d|1[0-5])"
FAMILIES = {
    family.name: family
    for family in (
        Family("stm32f4", Stm32f4Clock, Stm32f4Console, _STM32_PIN, 0x40020000),
        Family("stm32l4", Stm32l4Clock, Stm32l4Console, _STM32_PIN, 0x48000000),
        Family("nrf52", Nrf52Clock, Console, r"P(?P<port>0)\.(?P<number>[012]\d|3[01])"),
    )
}


@dataclass(frozen=True)
class Board:
    """One board: memories, clocks and console.

    `sram` holds statics and the arena's first region; `ccm`, where there is one, the stack, at its bottom, and the
    arena's second. Else the stack is at the bottom of `sram`. `interrupts`: vectors behind those of the core.
    """

    name: str
    title: str
    family: str
    cpu: str
    interrupts: int
    ram_budget_bytes: int
    stack_bytes: int
    flash: Region
    sram: Region
    ccm: Region | None
    flash_sectors: tuple[FlashSector, ...]
    flash_wait_states: int
    clock: Clock
    console: Console

    @property
    def clock_hz(self) -> int:
        """The core's frequency."""
        return self.clock.core_hz

    @property
    def ram_regions(self) -> tuple[Region, ...]:
        """SRAM and, where there is one, core-coupled memory."""
        return (self.sram,) if self.ccm is None else (self.sram, self.ccm)

    @property
    def stack_region(self) -> Region:
        """The memory that has the stack at its bottom."""
        return self.ram_regions[-1]

    @property
    def console_clock_hz(self) -> int:
        """The clock of the bus that the console is on."""
        console, clock = self.console, self.clock
        if isinstance(clock, Nrf52Clock) or not isinstance(console, (Stm32f4Console, Stm32l4Console)):
            return clock.core_hz
        return clock.core_hz // (clock.apb1_divider if console.bus == "apb1" else clock.apb2_divider)
