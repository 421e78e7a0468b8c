"""A running Renode: the process, what it logs, and how it is ended."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

from mcu_vision.errors import UserError

_QUIT_S, _END_S = 20.0, 0.5


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RenodeProcess:
    """Renode without windows, its monitor as telnet on `port`. `log` grows by what it prints."""

    def __init__(self, executable: Path, port: int) -> None:
        """Raises UserError if it cannot be started."""
        self.log: list[str] = []
        command = [str(executable), "--disable-gui", "--plain", "-P", str(port)]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # a launcher script's children end with it
            )
        except OSError as error:
            raise UserError(f"cannot start {executable}: {error.strerror}; check RENODE or RENODE_ROOT") from error
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.log.append(line.rstrip())

    @property
    def ended(self) -> bool:
        """Whether Renode has ended."""
        return self._process.poll() is not None

    def last_words(self) -> str:
        """The last line that Renode printed, for messages."""
        if self.ended:
            self._reader.join(1.0)
        said = next((line for line in reversed(self.log) if line.strip()), "")
        return f"; its last line: {said}" if said else ""

    def failure(self, what: str) -> UserError:
        """A user's fault in one line: `what` happened, or that Renode has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)  # its sockets close a little before it ends
        if self.ended:
            what = f"Renode ended with code {self._process.returncode}"
        return UserError(f"{what}{self.last_words()}; try again, or use --emulator unicorn")

    def close(self, wait: bool = True) -> None:
        """End Renode; `wait`: it has been asked to end and gets a little time for it."""
        try:
            self._process.wait(_QUIT_S if wait else 0)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join(1.0)
        if self._process.stdout is not None:
            self._process.stdout.close()
