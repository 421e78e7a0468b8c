"""The system control space: SysTick, interrupt controller, system control block (Armv7-M ARM B3.2 to B3.4)."""

from collections.abc import Callable

from mcu_vision.emulate import nvic as exceptions
from mcu_vision.emulate.nvic import FIRST_IRQ, Nvic
from mcu_vision.emulate.peripherals.registers import Registers
from mcu_vision.emulate.systick import SysTick

CPUID, ICSR, VTOR, AIRCR, CCR, SHCSR = 0xD00, 0xD04, 0xD08, 0xD0C, 0xD14, 0xD24
CFSR, HFSR, MMFAR, BFAR, CPACR, DEMCR = 0xD28, 0xD2C, 0xD34, 0xD38, 0xD88, 0xDFC
_ISER, _ICER, _ISPR, _ICPR, _IABR, _IPR, _STIR = 0x100, 0x180, 0x200, 0x280, 0x300, 0x400, 0xF00
_SHPR = 0xD18
_FAULT_ENABLES = {16: exceptions.MEM_MANAGE, 17: exceptions.BUS_FAULT, 18: exceptions.USAGE_FAULT}
_AIRCR_KEY, _AIRCR_KEY_READ = 0x05FA, 0xFA05
_RESET_VALUES = {CPUID: 0x410FC241, CCR: 0x200, 0xF34: 0xC0000000}


class SystemControl(Registers):
    """`on_change` is called when what runs next may have changed; `on_reset` when the firmware asks for a reset."""

    def __init__(
        self, nvic: Nvic, systick: SysTick, on_change: Callable[[], None], on_reset: Callable[[], None]
    ) -> None:
        self.nvic, self.systick = nvic, systick
        self._on_change, self._on_reset = on_change, on_reset
        super().__init__("system control", 0xE000E000, 0x1000, _RESET_VALUES)

    def reset(self) -> None:
        super().reset()
        self.nvic.reset()
        self.systick.reset()

    @property
    def floating_point_on(self) -> bool:
        """Whether CPACR gives full access to coprocessors 10 and 11."""
        return self.words.get(CPACR, 0) >> 20 & 0xF == 0xF

    @property
    def trace_enabled(self) -> bool:
        """DEMCR.TRCENA."""
        return bool(self.words.get(DEMCR, 0) & 1 << 24)

    def read_word(self, offset: int) -> int:
        if 0x10 <= offset < 0x20:
            return self.systick.read(offset)
        if _ISER <= offset < _IPR + 240:
            return self._read_interrupts(offset)
        if offset == ICSR:
            return self._read_icsr()
        if offset == AIRCR:
            return _AIRCR_KEY_READ << 16 | self.nvic.group_bits << 8
        if _SHPR <= offset < _SHPR + 12:
            return self._priorities(offset - _SHPR + 4)
        if offset == SHCSR:
            return sum(1 << bit for bit, number in _FAULT_ENABLES.items() if number in self.nvic.enabled)
        return super().read_word(offset)

    def write(self, offset: int, size: int, value: int) -> None:
        if size < 4 and (_IPR <= offset < _IPR + 240 or _SHPR <= offset < _SHPR + 12):
            first = offset - _IPR + FIRST_IRQ if offset < _SHPR else offset - _SHPR + 4
            self._set_priorities(first, size, value)
        else:
            super().write(offset, size, value)
        self._on_change()

    def write_word(self, offset: int, value: int) -> None:
        if 0x10 <= offset < 0x20:
            self.systick.write(offset, value)
        elif _ISER <= offset < _IPR + 240:
            self._write_interrupts(offset, value)
        elif offset == ICSR:
            self._write_icsr(value)
        elif offset == AIRCR:
            self._write_aircr(value)
        elif _SHPR <= offset < _SHPR + 12:
            self._set_priorities(offset - _SHPR + 4, 4, value)
        elif offset == SHCSR:
            for bit, number in _FAULT_ENABLES.items():
                (self.nvic.enabled.add if value >> bit & 1 else self.nvic.enabled.discard)(number)
        elif offset in (CFSR, HFSR):  # flags go by writing ones
            self.words[offset] = self.words.get(offset, 0) & ~value
        elif offset == _STIR:
            self._set_pending((value & 0x1FF) + FIRST_IRQ)
        elif offset != CPUID:
            super().write_word(offset, value)

    def _write_aircr(self, value: int) -> None:
        if value >> 16 == _AIRCR_KEY:
            self.nvic.group_bits = value >> 8 & 7
            if value & 4:
                self._on_reset()

    def _set_pending(self, exception: int) -> None:
        if exception < FIRST_IRQ + self.nvic.irqs:
            self.nvic.pending.add(exception)

    def _write_icsr(self, value: int) -> None:
        for bit, exception, pend in (
            (31, exceptions.NMI, True),
            (28, exceptions.PEND_SV, True),
            (27, exceptions.PEND_SV, False),
            (26, exceptions.SYS_TICK, True),
            (25, exceptions.SYS_TICK, False),
        ):
            if value >> bit & 1:
                (self.nvic.pending.add if pend else self.nvic.pending.discard)(exception)

    def _read_icsr(self) -> int:
        pending, active = self.nvic.pending, self.nvic.active
        value = active[-1] if active else 0
        value |= (len(active) <= 1) << 11 | (self.nvic.next_exception() or 0) << 12
        value |= any(exception >= FIRST_IRQ for exception in pending) << 22
        return value | (exceptions.SYS_TICK in pending) << 26 | (exceptions.PEND_SV in pending) << 28

    def _interrupts_of_word(self, offset: int) -> range:
        first = FIRST_IRQ + 8 * (offset & 0x7C)
        return range(first, min(first + 32, FIRST_IRQ + self.nvic.irqs))

    def _read_interrupts(self, offset: int) -> int:
        if offset >= _IPR:
            return self._priorities(offset - _IPR + FIRST_IRQ)
        numbers = self._interrupts_of_word(offset)
        state = self.nvic.enabled if offset < _ISPR else self.nvic.pending if offset < _IABR else self.nvic.active
        return sum(1 << number - numbers.start for number in numbers if number in state)

    def _write_interrupts(self, offset: int, value: int) -> None:
        if offset >= _IPR:
            self._set_priorities(offset - _IPR + FIRST_IRQ, 4, value)
            return
        if offset >= _IABR:
            return
        state = self.nvic.enabled if offset < _ISPR else self.nvic.pending
        numbers = self._interrupts_of_word(offset)
        chosen = {number for number in numbers if value >> number - numbers.start & 1}
        if offset < _ICER or _ISPR <= offset < _ICPR:
            state.update(chosen)
        else:
            state.difference_update(chosen)

    def _priorities(self, first: int) -> int:
        return sum((self.nvic.priorities.get(first + i, 0)) << 8 * i for i in range(4))

    def _set_priorities(self, first: int, count: int, value: int) -> None:
        for i in range(count):
            self.nvic.set_priority(first + i, value >> 8 * i & 0xFF)
