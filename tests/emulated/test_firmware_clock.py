"""The clock tree that the firmware sets up, and what it does where a clock does not answer."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mcu_vision.boards import Board
from mcu_vision.emulate.peripherals.flash_interface import FlashInterface
from mcu_vision.emulate.peripherals.rcc import ResetAndClock
from mcu_vision.emulate.peripherals.registers import Registers
from mcu_vision.emulate.peripherals.usart import Usart
from mcu_vision.emulate.unicorn_board import UnicornBoard

CR, PLLCFGR, CFGR, ACR, BRR = 0x00, 0x04, 0x08, 0x00, 0x08
HSERDY, HSEON, HSEBYP, PLLRDY, PLLON = 1 << 17, 1 << 16, 1 << 18, 1 << 25, 1 << 24
PLL_FROM_8_MHZ = 4 | 168 << 6 | 0 << 16 | 7 << 24 | 1 << 22  # M, N, P = 2, Q, source HSE: RM0090 section 6.3.2
PLL_FROM_16_MHZ = 8 | 168 << 6 | 0 << 16 | 7 << 24


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, int], int]:
    """The last value written to each register, by peripheral and offset."""
    values: dict[tuple[str, int], int] = {}

    def spy(kind: type[Registers]) -> None:
        write = kind.write_word

        def write_word(self: Registers, offset: int, value: int) -> None:
            values[self.name, offset] = value
            write(self, offset, value)

        monkeypatch.setattr(kind, "write_word", write_word)

    for kind in (ResetAndClock, FlashInterface, Usart):
        spy(kind)
    return values


def never(monkeypatch: pytest.MonkeyPatch, register: int, mask: int) -> None:
    """Make bits of an RCC register read 0."""
    read = ResetAndClock.read_word

    def read_word(self: ResetAndClock, offset: int) -> int:
        value = read(self, offset)
        return value & ~mask if offset == register else value

    monkeypatch.setattr(ResetAndClock, "read_word", read_word)


def boot(fake_elf: Callable[[str], Path], f439: Board) -> None:
    with UnicornBoard(fake_elf("classifier"), f439) as board:
        assert board.boot(30.0) == ["m-init-done"]
        assert board.command("name%") == ["m-name-dut-[stm32f439]"]


def test_168_mhz_from_the_external_clock(
    fake_elf: Callable[[str], Path], f439: Board, written: dict[tuple[str, int], int]
) -> None:
    boot(fake_elf, f439)
    assert written["RCC", PLLCFGR] == PLL_FROM_8_MHZ
    assert written["RCC", CR] & (HSEON | HSEBYP | PLLON) == HSEON | HSEBYP | PLLON
    assert written["RCC", CFGR] == 5 << 10 | 4 << 13 | 2  # APB1 / 4, APB2 / 2, from the PLL
    assert written["FLASH", ACR] == 5 | 7 << 8  # 5 wait states, prefetch and both caches
    assert written["USART3", BRR] == round(42e6 / 115200)


def test_168_mhz_from_the_internal_clock_where_there_is_no_other(
    fake_elf: Callable[[str], Path],
    f439: Board,
    written: dict[tuple[str, int], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never(monkeypatch, CR, HSERDY)
    boot(fake_elf, f439)
    assert written["RCC", PLLCFGR] == PLL_FROM_16_MHZ
    assert written["RCC", CFGR] & 3 == 2
    assert written["USART3", BRR] == round(42e6 / 115200)


def test_16_mhz_where_the_pll_does_not_start(
    fake_elf: Callable[[str], Path],
    f439: Board,
    written: dict[tuple[str, int], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never(monkeypatch, CR, PLLRDY)
    boot(fake_elf, f439)
    assert written["RCC", CFGR] == 0
    assert written["USART3", BRR] == round(16e6 / 115200)


def test_a_switch_that_is_never_confirmed_does_not_hang(
    fake_elf: Callable[[str], Path], f439: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    never(monkeypatch, CFGR, 3 << 2)
    boot(fake_elf, f439)
