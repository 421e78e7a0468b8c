"""mcu-vision devices"""

from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from mcu_vision.cli import options
from mcu_vision.device.ports import serial_ports


def devices(as_json: options.Json = False) -> None:
    """List the serial ports of this computer, and which belong to an ST-LINK.

    Example: mcu-vision devices
    """
    ports = serial_ports()
    if as_json:
        options.print_json({"ports": [asdict(port) for port in ports]})
        return
    console = Console()
    if not ports:
        console.print("no serial port found; connect a board or a USB-serial adapter")
        return
    table = Table("port", "USB", "serial number", "what it is")
    for port in ports:
        note = "ST-LINK: the firmware's console, not the ROM bootloader" if port.st_link else port.description
        table.add_row(port.device, port.usb, port.serial_number, note)
    console.print(table)
