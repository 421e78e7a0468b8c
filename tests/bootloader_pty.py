"""The simulated bootloader on a pseudo-terminal.

A pseudo-terminal carries no parity and no baud rate, and its control lines go nowhere: the port's settings, and the
wiring of RTS and DTR, are tested without it. The part takes no time here.
"""

import contextlib
import os
import select
import threading
import tty

from bootloader_simulator import SimulatedBootloader


class PtyBootloader:
    """Serves `device` at `path` until closed; `unplug_after` bytes from the host, the line goes dead for good."""

    def __init__(self, device: SimulatedBootloader, unplug_after: int | None = None) -> None:
        self.device, self._unplug_after = device, unplug_after
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        # Held open, so that programs may come and go; given up to unplug.
        self._slave = slave
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> "PtyBootloader":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _serve(self) -> None:
        received = 0
        with contextlib.suppress(OSError):
            while not self._stop.is_set() and received != self._unplug_after:
                if not select.select([self._master], [], [], 0.02)[0]:
                    continue
                for byte in os.read(self._master, 1024):
                    received += 1
                    self.device.now = self.device.busy_until
                    self.device.receive(byte)
                    if received == self._unplug_after:
                        break
                answer = bytes(byte for _, byte in self.device.sent)
                self.device.sent.clear()
                os.write(self._master, answer)
        os.close(self._slave)
        os.close(self._master)
