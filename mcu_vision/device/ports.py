"""The serial ports of this computer."""

from dataclasses import dataclass

from serial.tools import list_ports

_ST = 0x0483
_ST_LINK_PRODUCTS = range(0x3744, 0x3758)
"""USB product numbers of ST-LINK/V1 to V3 (stlink's udev rules); which of them have a serial port varies."""


@dataclass(frozen=True)
class SerialPort:
    """A serial port; `usb` is "vendor:product" in hexadecimal, or empty."""

    device: str
    description: str
    usb: str
    serial_number: str
    st_link: bool


def serial_ports() -> list[SerialPort]:
    """All ports, by name; those that are not on USB come last, because most of them lead nowhere."""
    found = []
    for port in list_ports.comports():
        usb = f"{port.vid:04x}:{port.pid:04x}" if port.vid is not None and port.pid is not None else ""
        st_link = port.vid == _ST and port.pid in _ST_LINK_PRODUCTS
        description = "" if port.description in (None, "n/a") else port.description
        found.append(SerialPort(port.device, description, usb, port.serial_number or "", st_link))
    return sorted(found, key=lambda port: (not port.usb, port.device))
