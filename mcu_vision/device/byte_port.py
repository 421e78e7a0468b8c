"""The serial line that a ROM bootloader listens on: bytes, 8E1, and two control lines for BOOT0 and reset."""

import time
from typing import Any, Literal, Protocol

import serial

from mcu_vision.errors import UserError

_FAILURES: tuple[type[Exception], ...] = (serial.SerialException, OSError, TypeError, ValueError)
"""What pyserial raises when it cannot open a port, or finds it gone: TypeError where its handle already is."""
try:
    from termios import error as _termios_error
except ImportError:  # Windows
    pass
else:
    _FAILURES += (_termios_error,)
Boot0Line = Literal["rts", "dtr", "none"]
_POLL_S = 0.02
_RESET_S = 0.05
_START_S = 0.2
"""From the end of reset until the bootloader listens: AN2606 gives less than 0.1 s for these parts."""


class PortLostError(UserError):
    """The port vanished while in use."""


class BytePort(Protocol):
    """A two-way line of bytes that may lose or change them. Every method may raise PortLostError."""

    @property
    def can_reset(self) -> bool:
        """Whether `enter_bootloader` restarts the part."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes."""
        ...

    def read(self, count: int, timeout_s: float) -> bytes:
        """Up to `count` bytes: fewer if the time-out ends first."""
        ...

    def discard(self) -> None:
        """Forget what was received and not read."""
        ...

    def enter_bootloader(self) -> None:
        """Reset the part with BOOT0 high, and wait until its bootloader listens. Does nothing without the lines."""
        ...

    def release(self) -> None:
        """Set BOOT0 low, so that the next reset starts the application."""
        ...


class SerialBytePort:
    """A serial port at 8 data bits, even parity, 1 stop bit (AN3155 section 2).

    With `boot0` "rts", RTS drives BOOT0 and DTR drives NRST; with "dtr" the other way about; with "none" people
    set the levels. An asserted control line is low at the pins of a USB-serial adapter: RTS and DTR go straight
    to the part, without a transistor in between.
    """

    def __init__(self, port: str, baud: int = 115200, boot0: Boot0Line = "none") -> None:
        """Open the port for this process alone. Raises UserError if that fails."""
        self.name, self._boot0 = port, boot0
        try:
            self._serial: Any = serial.serial_for_url(port, do_not_open=True, timeout=_POLL_S)
            self._serial.baudrate, self._serial.parity = baud, serial.PARITY_EVEN
            self._serial.bytesize, self._serial.stopbits = serial.EIGHTBITS, serial.STOPBITS_ONE
            self._serial.exclusive, self._serial.write_timeout = True, 5
            self._serial.open()
        except _FAILURES as error:
            raise UserError(
                f"cannot open serial port {port}: {_reason(error)}; connect it, or end the program that holds it "
                "(mcu-vision devices lists the ports)"
            ) from error

    @property
    def can_reset(self) -> bool:
        """Whether RTS and DTR are wired."""
        return self._boot0 != "none"

    def write(self, data: bytes) -> None:
        """Send bytes, and return when the system has taken them."""
        try:
            self._serial.write(data)
            self._serial.flush()
        except _FAILURES as error:
            raise self._lost(error) from error

    def read(self, count: int, timeout_s: float) -> bytes:
        """Up to `count` bytes within `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        data = b""
        try:
            # Not by setting the port's own time-out, which sets all else again too.
            while len(data) < count and time.monotonic() < deadline:
                data += self._serial.read(count - len(data))
            return data
        except _FAILURES as error:
            raise self._lost(error) from error

    def discard(self) -> None:
        """Forget what was received and not read."""
        try:
            self._serial.reset_input_buffer()
        except _FAILURES as error:
            raise self._lost(error) from error

    def enter_bootloader(self) -> None:
        """Reset with BOOT0 high."""
        if self.can_reset:
            self._set_lines(boot0=True, reset=True)
            time.sleep(_RESET_S)
            self._set_lines(boot0=True, reset=False)
            time.sleep(_START_S)

    def release(self) -> None:
        """Set BOOT0 low."""
        if self.can_reset:
            self._set_lines(boot0=False, reset=False)

    def close(self) -> None:
        """Close the port."""
        self._serial.close()

    def __enter__(self) -> "SerialBytePort":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _set_lines(self, boot0: bool, reset: bool) -> None:
        # NRST resets when low, that is when its line is asserted; BOOT0 selects the bootloader when high.
        try:
            if self._boot0 == "rts":
                self._serial.rts, self._serial.dtr = not boot0, reset
            else:
                self._serial.dtr, self._serial.rts = not boot0, reset
        except _FAILURES as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> PortLostError:
        return PortLostError(
            f"serial port {self.name} failed ({_reason(error)}): the flash is not verified; connect it again, "
            "reset the board with BOOT0 high, and run again with --resume"
        )


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    known = {2: "there is no such port", 11: "another program uses it", 13: "you have no permission for it"}
    return known.get(number or 0, " ".join(str(error).split()))
