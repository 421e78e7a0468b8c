"""The emulated UART as a TCP socket: Renode's server socket terminal."""

import socket

from mcu_vision.device.console import LineReader
from mcu_vision.emulate.renode_process import RenodeProcess


class RenodeConsole:
    """Implements device.console.LineTransport; times are real seconds."""

    def __init__(self, process: RenodeProcess, port: int) -> None:
        """Raises UserError if the terminal does not answer."""
        self._process = process
        self._lines = LineReader(self._receive)
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), timeout=10.0)
        except OSError as error:
            raise process.failure(f"Renode's console did not open port {port}") from error
        self._socket.settimeout(0.2)

    def write(self, data: bytes) -> None:
        """Send bytes to the UART."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise self._process.failure("Renode closed the console") from error

    def read_line(self, timeout_s: float) -> str:
        """The next line without its end. Raises TimeoutError; UserError if Renode has ended."""
        return self._lines.read_line(timeout_s)

    def _receive(self) -> bytes:
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            return b""
        except OSError as error:
            raise self._process.failure("Renode closed the console") from error
        if not data:
            raise self._process.failure("Renode closed the console")
        return data

    def close(self) -> None:
        """Disconnect."""
        self._socket.close()
