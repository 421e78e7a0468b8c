"""Client of the firmware's console: the MLPerf Tiny device protocol and this product's commands.

Works over anything that carries lines: a serial port, a pseudo-terminal, an emulated UART.
Source: mlcommons/tiny, benchmark/api (commands end in "%", each answer ends in the line "m-ready").
"""

import re
import time
import zlib
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Protocol

import serial

from mcu_vision.errors import UserError

READY = "m-ready"
_LOAD_CHUNK_BYTES = 31  # two digits each, and the longest command is 80 characters
_MOST_LINES = 30000  # the longest answer is the image, 8 bytes a line
_ROW = re.compile(r"m-row-(\d+)")
_ERROR = re.compile(r"e-\[(.*)\]")
_FAULT = re.compile(r"fault (\w+) pc=(\w+) lr=(\w+) cfsr=(\w+) addr=(\w+)")


class LineTransport(Protocol):
    """A two-way line to a console."""

    def write(self, data: bytes) -> None:
        """Send bytes."""
        ...

    def read_line(self, timeout_s: float) -> str:
        """The next line without its end. Raises TimeoutError."""
        ...


class ConsoleError(UserError):
    """The firmware refused a command; `text` is what it said in e-[...]."""

    def __init__(self, command: str, text: str) -> None:
        self.command, self.text = command, text
        super().__init__(f"the board answered {command!r} with an error: {text}")


class DeviceFault(ConsoleError):  # noqa: N818 (the core's own word)
    """The firmware crashed: `name` of the exception, registers and fault address as it reported them."""

    def __init__(self, command: str, text: str, name: str, pc: int, lr: int, cfsr: int, address: int) -> None:
        super().__init__(command, text)
        self.name, self.pc, self.lr, self.cfsr, self.address = name, pc, lr, cfsr, address


class ConsoleTimeoutError(UserError):
    """No complete answer came in time."""


class Console:
    """Sends commands and reads answers. Times are seconds of the transport: virtual ones on an emulated board."""

    def __init__(self, transport: LineTransport) -> None:
        self.transport = transport

    def wait_ready(self, timeout_s: float = 10.0) -> list[str]:
        """Read to "m-ready", e.g. after a reset; return the lines before it.

        Raises ConsoleTimeoutError, ConsoleError, or DeviceFault.
        """
        return self._read_answer("reset", timeout_s)

    def command(self, text: str, timeout_s: float = 120.0) -> list[str]:
        """Send `text` (with or without its "%") and return the answer's lines without "m-ready".

        `timeout_s` bounds the wait for each line. Raises ConsoleTimeoutError, ConsoleError (after "m-ready", so that
        the next command can follow), or DeviceFault (at once: nothing follows a fault).
        """
        self.transport.write((text if text.endswith("%") else text + "%").encode("ascii"))
        return self._read_answer(text, timeout_s)

    def load(self, data: bytes) -> None:
        """Fill the firmware's input buffer through `db`; `data` must have the model's input size."""
        lines = self.command(f"db load {len(data)}")
        for start in range(0, len(data), _LOAD_CHUNK_BYTES):
            lines = self.command(f"db {data[start : start + _LOAD_CHUNK_BYTES].hex()}")
        if "m-load-done" not in lines:
            raise ConsoleError("db", f"no m-load-done after {len(data)} bytes")

    def infer_rows(self, rows: Sequence[bytes], runs: int = 1, warm_up: int = 0, timeout_s: float = 120.0) -> list[str]:
        """Run `infer` on a model that pulls the rows of its image, and send each as the firmware asks for it.

        rows: pixels 0 to 255 of each row, width x channels. Returns and raises as command() does; a row that is not
        in `rows` is not sent.
        """
        self.command("rows uart")
        self.transport.write(f"infer {runs} {warm_up}%".encode("ascii"))
        return self._read_answer("infer", timeout_s, rows)

    def steps_rows(self, rows: Sequence[bytes], timeout_s: float = 120.0) -> list[str]:
        """The same with `steps`: one inference, with a line for each step of the schedule."""
        self.command("rows uart")
        self.transport.write(b"steps%")
        return self._read_answer("steps", timeout_s, rows)

    def _read_answer(self, command: str, timeout_s: float, rows: Sequence[bytes] = ()) -> list[str]:
        lines: list[str] = []
        refusal: str | None = None
        while True:
            try:
                line = self.transport.read_line(timeout_s)
            except TimeoutError as error:
                seen = f"; its last line was {lines[-1]!r}" if lines else ""
                raise ConsoleTimeoutError(
                    f"no answer to {command!r} within {timeout_s:g} s{seen}; check the connection, or reset the board"
                ) from error
            if line == READY:
                break
            asked = _ROW.fullmatch(line)
            if asked and int(asked[1]) < len(rows):
                self.transport.write(_encode_row(rows[int(asked[1])]))
                continue
            error_text = _ERROR.fullmatch(line)
            if error_text:
                _raise_fault(command, error_text[1])
                refusal = refusal or error_text[1]
            if line:
                lines.append(line)
            if len(lines) > _MOST_LINES:
                raise ConsoleTimeoutError(f"{command!r} has no end: the board never stops talking; reset it")
        if refusal is not None:
            raise ConsoleError(command, refusal)
        return lines


def _encode_row(pixels: bytes) -> bytes:
    """As the firmware expects a row that it has asked for."""
    return b":" + pixels + zlib.crc32(pixels).to_bytes(4, "little")


def _raise_fault(command: str, text: str) -> None:
    fault = _FAULT.fullmatch(text)
    if fault:
        raise DeviceFault(command, text, fault[1], *(int(number, 16) for number in fault.groups()[1:]))


class LineReader:
    """Lines out of bytes as they come. `receive`: the bytes that arrived, none after a short wait without any."""

    def __init__(self, receive: Callable[[], bytes]) -> None:
        self._receive = receive
        self._pending = b""

    def read_line(self, timeout_s: float) -> str:
        """The next line without its end. Raises TimeoutError, and what `receive` raises."""
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._pending:
            if time.monotonic() > deadline:
                raise TimeoutError
            self._pending += self._receive()
        line, self._pending = self._pending.split(b"\n", 1)
        return line.rstrip(b"\r").decode("ascii", "replace")


class SerialTransport:
    """A serial port, or a pseudo-terminal, by its path or name."""

    def __init__(self, port: str, baud: int = 115200) -> None:
        """Open the port. Raises UserError if that fails."""
        try:
            self._serial: Any = serial.serial_for_url(port, baudrate=baud, timeout=0.1)
        except (serial.SerialException, ValueError) as error:
            raise UserError(f"cannot open serial port {port}: {error}; is the board connected?") from error
        self._lines = LineReader(self._receive)

    def write(self, data: bytes) -> None:
        """Send bytes. Raises UserError if the port is gone."""
        try:
            self._serial.write(data)
            self._serial.flush()
        except (serial.SerialException, OSError) as error:
            raise self._lost(error) from error

    def read_line(self, timeout_s: float) -> str:
        """The next line without its end. Raises TimeoutError; UserError if the port is gone."""
        return self._lines.read_line(timeout_s)

    def _receive(self) -> bytes:
        try:
            data: bytes = self._serial.read(max(1, self._serial.in_waiting))
        except (serial.SerialException, OSError) as error:
            raise self._lost(error) from error
        return data

    def _lost(self, error: Exception) -> UserError:
        return UserError(f"serial port {self._serial.port} was lost: {error}; reconnect the board and try again")

    def close(self) -> None:
        """Close the port."""
        self._serial.close()

    def __enter__(self) -> "SerialTransport":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
