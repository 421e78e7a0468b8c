from typing import Any

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from mcu_vision.device.byte_port import SerialBytePort
from mcu_vision.device.ports import serial_ports
from mcu_vision.errors import UserError


def port(device: str, vid: int | None, pid: int | None, description: str) -> ListPortInfo:
    info = ListPortInfo(device, skip_link_detection=True)
    info.vid, info.pid, info.description, info.serial_number = vid, pid, description, "066BFF" if vid else None
    return info


def test_ports_and_st_links(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        port("/dev/ttyS0", None, None, "n/a"),
        port("/dev/ttyUSB0", 0x0403, 0x6001, "FT232R USB UART"),
        port("/dev/ttyACM0", 0x0483, 0x374B, "STM32 STLink"),
        port("/dev/ttyACM1", 0x0483, 0x5740, "STM32 Virtual COM Port"),
    ]
    monkeypatch.setattr(list_ports, "comports", lambda: found)
    ports = serial_ports()
    assert [(p.device, p.st_link) for p in ports] == [
        ("/dev/ttyACM0", True),
        ("/dev/ttyACM1", False),
        ("/dev/ttyUSB0", False),
        ("/dev/ttyS0", False),
    ]
    assert (ports[0].usb, ports[0].serial_number) == ("0483:374b", "066BFF")
    assert (ports[3].usb, ports[3].description, ports[3].serial_number) == ("", "", "")


class Lines:
    """Stands for pyserial's port: keeps settings and the order in which the control lines change."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, bool]] = []
        self.opened = False

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("rts", "dtr"):
            self.changes.append((name, value))
        super().__setattr__(name, value)

    def open(self) -> None:
        self.opened = True


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    fake = Lines()
    monkeypatch.setattr("mcu_vision.device.byte_port.serial.serial_for_url", lambda *_, **__: fake)
    monkeypatch.setattr("mcu_vision.device.byte_port.time.sleep", lambda _: fake.changes.append(("sleep", True)))
    return fake


def test_settings_are_8e1_and_exclusive(lines: Any) -> None:
    SerialBytePort("/dev/ttyUSB0", 57600)
    assert (lines.bytesize, lines.parity, lines.stopbits) == (8, "E", 1)
    assert (lines.baudrate, lines.exclusive, lines.opened) == (57600, True, True)
    assert lines.changes == []


@pytest.mark.parametrize(("boot0", "reset"), [("rts", "dtr"), ("dtr", "rts")])
def test_control_lines(lines: Any, boot0: Any, reset: str) -> None:
    port = SerialBytePort("/dev/ttyUSB0", boot0=boot0)
    assert port.can_reset
    port.enter_bootloader()
    pulse, sleep = [(boot0, False), (reset, True)], [("sleep", True)]
    assert lines.changes == pulse + sleep + [(boot0, False), (reset, False)] + sleep
    lines.changes.clear()
    port.release()
    assert lines.changes == [(boot0, True), (reset, False)]


def test_without_control_lines_nothing_moves(lines: Any) -> None:
    port = SerialBytePort("/dev/ttyUSB0")
    assert not port.can_reset
    port.enter_bootloader()
    port.release()
    assert lines.changes == []


def test_an_absent_port_is_one_line() -> None:
    with pytest.raises(UserError, match="cannot open serial port /dev/ttyNONE9: there is no such port") as caught:
        SerialBytePort("/dev/ttyNONE9")
    assert "\n" not in str(caught.value)
