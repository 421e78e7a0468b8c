"""Data watchpoint and trace unit (Armv7-M ARM C1.8): the cycle counter."""

from collections.abc import Callable

from mcu_vision.emulate.peripherals.registers import Registers

CTRL, CYCCNT = 0x00, 0x04


class DataWatchpointTrace(Registers):
    """CYCCNT counts the estimated cycles of the executed code; it stands still while the core sleeps, as on silicon."""

    def __init__(self, now_cycles: Callable[[], int], trace_enabled: Callable[[], bool]) -> None:
        self._now, self._trace_enabled = now_cycles, trace_enabled
        super().__init__("DWT", 0xE0001000, 0x1000, {CTRL: 0x40000000})

    def reset(self) -> None:
        super().reset()
        self._value, self._since = 0, 0

    def _running(self) -> bool:
        return bool(self.words[CTRL] & 1) and self._trace_enabled()

    def _count(self) -> int:
        return self._value + (self._now() - self._since if self._running() else 0) & 0xFFFFFFFF

    def read_word(self, offset: int) -> int:
        return self._count() if offset == CYCCNT else super().read_word(offset)

    def write_word(self, offset: int, value: int) -> None:
        self._value, self._since = value if offset == CYCCNT else self._count(), self._now()
        if offset != CYCCNT:
            super().write_word(offset, value)
