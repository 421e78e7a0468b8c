"""The core's timer (Armv7-M ARM B3.3), in virtual time."""

from collections.abc import Callable

CTRL, LOAD, VAL, CALIB = 0x10, 0x14, 0x18, 0x1C
_ENABLE, _TICKINT, _CORE_CLOCK, _COUNTFLAG = 1 << 0, 1 << 1, 1 << 2, 1 << 16


class SysTick:
    """Counts down from LOAD; `now` gives the cycles of the core, those asleep included."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self.reset()

    def reset(self) -> None:
        """Off."""
        self._control, self._load, self._start, self._ticks, self._counted = 0, 0, 0, 0, False

    def _divider(self) -> int:
        return 1 if self._control & _CORE_CLOCK else 8

    def _elapsed(self) -> int:
        return (self._now() - self._start) // self._divider()

    def advance(self) -> bool:
        """Note the ticks that are due; return whether one of them asks for the exception."""
        if not self._control & _ENABLE or self._load == 0:
            return False
        ticks = self._elapsed() // (self._load + 1)
        due = ticks > self._ticks
        self._ticks = ticks
        self._counted |= due
        return due and bool(self._control & _TICKINT)

    def next_tick(self) -> int | None:
        """When (`now`) the next exception is due; None: never."""
        wanted = _ENABLE | _TICKINT
        if self._control & wanted != wanted or self._load == 0:
            return None
        return self._start + (self._ticks + 1) * (self._load + 1) * self._divider()

    def read(self, offset: int) -> int:
        """Read a register; reading CTRL clears COUNTFLAG."""
        if offset == CTRL:
            self.advance()
            flag, self._counted = _COUNTFLAG if self._counted else 0, False
            return self._control | flag
        if offset == LOAD:
            return self._load
        if offset == VAL:
            elapsed = self._elapsed() if self._control & _ENABLE else 0
            return 0 if elapsed == 0 else self._load - (elapsed - 1) % (self._load + 1)
        return 0xC0000000  # CALIB: no reference clock, not exact

    def write(self, offset: int, value: int) -> None:
        """Write a register. The count starts anew with a write to VAL or when the timer is switched on."""
        if offset == CTRL:
            started = value & _ENABLE and not self._control & _ENABLE
            self._control = value & (_ENABLE | _TICKINT | _CORE_CLOCK)
            if started:
                self._restart()
        elif offset == LOAD:
            self._load = value & 0xFFFFFF
        elif offset == VAL:
            self._counted = False
            self._restart()

    def _restart(self) -> None:
        self._start, self._ticks = self._now(), 0
