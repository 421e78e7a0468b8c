"""What all emulated UARTs share: bytes queue at the receiver, and are delivered one by one."""

from collections import deque
from collections.abc import Callable

from mcu_vision.emulate.peripherals.registers import Registers


class Uart(Registers):
    """Transmitted bytes go to `on_transmit`; `receive()` queues bytes, `deliver()` moves one into the data register."""

    def __init__(self, name: str, base: int, size: int, irq: int) -> None:
        self.irq = irq
        self.on_transmit: Callable[[int], None] = lambda byte: None
        self._queue: deque[int] = deque()
        super().__init__(name, base, size)

    def reset(self) -> None:
        super().reset()
        self._received: int | None = None
        self._last = 0

    def receive(self, data: bytes) -> None:
        """Queue bytes from the other end of the line."""
        self._queue.extend(data)

    @property
    def receiver_on(self) -> bool:
        """Whether the firmware has turned the receiver on."""
        raise NotImplementedError

    @property
    def interrupt(self) -> bool:
        """Whether the interrupt line is active."""
        raise NotImplementedError

    @property
    def can_deliver(self) -> bool:
        """Whether a byte waits and the receiver is on and empty."""
        return self._received is None and bool(self._queue) and self.receiver_on

    def deliver(self) -> None:
        """Receive the next queued byte."""
        self._received = self._queue.popleft()

    def take(self) -> int:
        """The data register's byte, which makes room for the next; the last one again where there is none."""
        if self._received is not None:
            self._last, self._received = self._received, None
        return self._last
