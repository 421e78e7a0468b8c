"""Exceptions of the Armv7-M core: which are enabled, pending and active, and what is next (Armv7-M ARM B1.5, B3.4)."""

RESET, NMI, HARD_FAULT, MEM_MANAGE, BUS_FAULT, USAGE_FAULT, SV_CALL, PEND_SV, SYS_TICK = 1, 2, 3, 4, 5, 6, 11, 14, 15
FIRST_IRQ = 16
_FIXED_PRIORITY = {RESET: -3, NMI: -2, HARD_FAULT: -1}
_PRIORITY_BITS = 0xF0  # an STM32F4 keeps four
THREAD_PRIORITY = 256


class Nvic:
    """State of all exceptions; numbers are exception numbers, so interrupt 0 is 16.

    `irqs`: how many interrupts the chip has.
    """

    def __init__(self, irqs: int) -> None:
        self.irqs = irqs
        self.reset()

    def reset(self) -> None:
        """Nothing enabled, pending or active."""
        self.enabled: set[int] = set()
        self.pending: set[int] = set()
        self.active: list[int] = []
        self.priorities: dict[int, int] = {}
        self.group_bits = 0

    def priority(self, exception: int) -> int:
        """The lower the more urgent."""
        return _FIXED_PRIORITY.get(exception, self.priorities.get(exception, 0))

    def set_priority(self, exception: int, value: int) -> None:
        """Set the priority byte; the bits that the chip lacks read as zero."""
        self.priorities[exception] = value & _PRIORITY_BITS

    def can_pend(self, exception: int) -> bool:
        """Whether the exception is enabled (interrupts and configurable faults) or always on."""
        if exception >= FIRST_IRQ or MEM_MANAGE <= exception <= USAGE_FAULT:
            return exception in self.enabled
        return True

    def execution_priority(self) -> int:
        """Of the active exceptions alone, masks aside, by their preemption groups."""
        return min((self._group(exception) for exception in self.active), default=THREAD_PRIORITY)

    def next_exception(self) -> int | None:
        """The most urgent pending exception that would preempt what is active; masks are the caller's business."""
        candidates = [exception for exception in self.pending if self.can_pend(exception)]
        if not candidates:
            return None
        best = min(candidates, key=lambda exception: (self.priority(exception), exception))
        return best if self.preempts(best) else None

    def preempts(self, exception: int) -> bool:
        """Whether `exception` is more urgent than all that is active."""
        return self._group(exception) < self.execution_priority()

    def masked(self, exception: int, primask: int, faultmask: int, basepri: int) -> bool:
        """Whether the mask registers hold `exception` back (Armv7-M ARM B1.4.3)."""
        urgency = self._group(exception)
        if faultmask and urgency >= -1:
            return True
        if primask and urgency >= 0:
            return True
        return bool(basepri) and urgency >= self._group_of(basepri)

    def _group(self, exception: int) -> int:
        return self._group_of(self.priority(exception))

    def _group_of(self, priority: int) -> int:
        """Priority without the subpriority bits (AIRCR.PRIGROUP)."""
        return priority if priority < 0 else priority >> self.group_bits + 1 << self.group_bits + 1
