"""An emulated console as a pseudo-terminal, which serial programs open like a board's port."""

import os
import select
import time
import tty
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from mcu_vision.errors import UserError

_SLICE_S = 0.02
_READY, _EMPTY_LINE = b"m-ready\r\n", b"\r\n"


class ConsoleEnd(Protocol):
    """What the bridge needs of an emulator."""

    def send(self, data: bytes) -> None:
        """Queue bytes for the console's receiver."""
        ...

    def run(self, done: Callable[[], bool], timeout_s: float) -> Any:
        """Run for a stretch of virtual time, or to the end of what there is to do."""
        ...

    def take_output(self) -> bytes:
        """What the console has sent since the last call."""
        ...


class PtyBridge:
    """`path` is the terminal, or the link to it, for others to open. Unix only.

    keep_alive_s: an empty line is sent whenever a command has been silent for so long, for clients that give up
    on a board that would have been faster than its emulation.
    """

    def __init__(self, console: ConsoleEnd, link_path: Path | None, keep_alive_s: float | None = None) -> None:
        """Raises UserError if the link cannot be made."""
        self._console, self._keep_alive_s = console, keep_alive_s
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._link = link_path
        self.path = Path(os.ttyname(self._slave))
        if link_path is not None:
            try:
                if link_path.is_symlink():
                    link_path.unlink()
                link_path.symlink_to(self.path)
            except OSError as error:
                self._close_terminal()
                raise UserError(f"cannot make the link {link_path}: {error.strerror}; choose another") from error
            self.path = link_path

    def serve(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Pass bytes both ways and run the emulator until `stop()`; asked about 50 times a second.

        Raises EmulationFault.
        """
        waiting, tail, busy, spoken = b"", _READY, False, time.monotonic()
        while not stop():
            self._console.run(lambda: False, _SLICE_S)
            output = self._console.take_output()
            tail = (tail + output)[-len(_READY) :]
            busy = busy and tail != _READY
            if busy and not output and tail.endswith(b"\n") and self._too_long(time.monotonic() - spoken):
                output = _EMPTY_LINE
            if output:
                spoken = time.monotonic()
            waiting = self._write(waiting + output)
            readable, _, _ = select.select([self._master], [], [], 0 if busy else _SLICE_S)
            if readable:
                data = os.read(self._master, 4096)
                self._console.send(data)
                if b"%" in data:
                    busy, tail, spoken = True, b"\n", time.monotonic()

    def _too_long(self, silence_s: float) -> bool:
        return self._keep_alive_s is not None and silence_s > self._keep_alive_s

    def _write(self, data: bytes) -> bytes:
        """Return what the terminal did not take, because nobody reads it."""
        if not data:
            return data
        try:
            return data[os.write(self._master, data) :]
        except BlockingIOError:
            return data

    def _close_terminal(self) -> None:
        os.close(self._master)
        os.close(self._slave)

    def close(self) -> None:
        """Close the terminal and remove the link."""
        self._close_terminal()
        if self._link is not None:
            self._link.unlink(missing_ok=True)

    def __enter__(self) -> "PtyBridge":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
