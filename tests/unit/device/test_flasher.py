"""The flasher on a sound line."""

from pathlib import Path

import pytest
from bootloader_simulator import BOARD, FLASH, SimulatedBootloader, VirtualPort

from mcu_vision.device.bootloader import Bootloader
from mcu_vision.device.chips import chip_of_board
from mcu_vision.device.flash_image import FlashImage, load_image
from mcu_vision.device.flasher import Flasher, FlashResult
from mcu_vision.errors import UserError

OLD = b"\x00old content" * 200_000


def image_at(tmp_path: Path, offset: int, size: int) -> FlashImage:
    """An image of `size` bytes at flash base + offset, through the Intel HEX reader."""
    lines = []
    for at in range(0, size, 64):
        address = FLASH.base + offset + at
        data = bytes((at * 7 + i * 31) & 0xFF for i in range(min(64, size - at)))
        upper = bytes((2, 0, 0, 4)) + (address >> 16).to_bytes(2, "big")
        record = bytes((len(data),)) + (address & 0xFFFF).to_bytes(2, "big") + b"\0" + data
        lines += [f":{(r + bytes((-sum(r) & 255,))).hex()}" for r in (upper, record)]
    path = tmp_path / "image.hex"
    path.write_text("\n".join([*lines, ":00000001FF"]))
    return load_image(path, BOARD.flash_sectors)


def flash(
    device: SimulatedBootloader, image: FlashImage, port: VirtualPort | None = None, **options: bool
) -> FlashResult:
    line = port or VirtualPort(device)
    result = Flasher(Bootloader(line), image, BOARD.flash_sectors, chip_of_board("stm32f439")).flash(**options)
    for block in image.blocks:
        assert device.flash[block.address - FLASH.base :][: len(block.data)] == block.data
    return result


@pytest.mark.parametrize(
    ("offset", "size", "sectors"),
    [
        (0, 4, [0]),
        (0, 16384, [0]),
        (0, 16385, [0, 1]),
        (0xFFFC, 8, [3, 4]),
        (0x1FFF00, 256, [23]),
        (0xFFF00, 512, [11, 12]),
        (0x10000C, 30000, [12, 13]),
    ],
)
def test_exactly_the_covered_sectors_are_erased(tmp_path: Path, offset: int, size: int, sectors: list[int]) -> None:
    device = SimulatedBootloader(OLD[: FLASH.size_bytes])
    result = flash(device, image_at(tmp_path, offset, size))
    assert device.erased == result.erased_sectors == sectors
    for sector in BOARD.flash_sectors:
        place = slice(sector.base - FLASH.base, sector.base - FLASH.base + sector.size_bytes)
        assert (device.flash[place] == OLD[place]) == (sector.number not in sectors)


def test_mass_erase(tmp_path: Path) -> None:
    device = SimulatedBootloader(OLD[: FLASH.size_bytes])
    assert flash(device, image_at(tmp_path, 0, 1000), mass=True).mass_erased
    assert device.flash[1000:] == b"\xff" * (FLASH.size_bytes - 1000)


def test_resume_keeps_what_is_right_and_erases_what_is_wrong(tmp_path: Path) -> None:
    image = image_at(tmp_path, 0, 3 * 16384)
    device = SimulatedBootloader()
    flash(device, image)
    device.erased.clear()
    assert flash(device, image, resume=True).kept_bytes == 3 * 16384
    device.flash[16384 + 512 : 2 * 16384] = b"\xff" * (16384 - 512)
    device.flash[2 * 16384] ^= 1
    assert device.erased == []
    result = flash(device, image, resume=True)
    assert device.erased == [2]
    assert (result.kept_bytes, result.written_bytes) == (16384 + 512, 16384 - 512 + 16384)


def test_programming_without_erasing_is_wrong_in_the_model() -> None:
    device = SimulatedBootloader(b"\x0f\xf0\xff\x00")
    loader = Bootloader(VirtualPort(device))
    loader.synchronize()
    loader.write(FLASH.base, b"\xaa\xaa\xaa\xaa")
    assert loader.read(FLASH.base, 4) == b"\x0a\xa0\xaa\x00"


def test_another_part_is_refused(tmp_path: Path) -> None:
    device = SimulatedBootloader(OLD[:1000], chip_id=0x413)
    with pytest.raises(UserError, match=r"0x413 \(STM32F405.*0x419 \(STM32F42x"):
        flash(device, image_at(tmp_path, 0, 100))
    assert device.flash[:1000] == OLD[:1000]


def test_readout_protection_is_lifted_only_on_demand(tmp_path: Path) -> None:
    device = SimulatedBootloader(OLD[:100_000])
    device.read_protected = True
    image = image_at(tmp_path, 0, 1000)
    with pytest.raises(UserError, match=r"RDP level 1.*--unprotect.*erases"):
        flash(device, image)
    assert device.read_protected
    assert device.flash[:100_000] == OLD[:100_000]
    flash(device, image, unprotect=True)
    assert not device.read_protected
    assert device.flash[1000:100_000] == b"\xff" * 99_000


def test_write_protection_is_lifted_only_on_demand(tmp_path: Path) -> None:
    device = SimulatedBootloader(OLD[: FLASH.size_bytes])
    device.write_protected = {1, 13, 20}
    image = image_at(tmp_path, 0x4000, 1000)
    with pytest.raises(UserError, match=r"write-protected: sector 1; --unprotect"):
        flash(device, image)
    with pytest.raises(UserError, match="sector 1, 13, 20;"):
        flash(device, image, mass=True)
    flash(device, image_at(tmp_path, 0, 16384))
    assert device.write_protected == {1, 13, 20}
    assert flash(device, image, unprotect=True).erased_sectors == [1]
    assert device.write_protected == set()


def test_protection_that_cannot_be_seen_fails_verification(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = SimulatedBootloader(OLD[:100_000])
    device.write_protected = {0}
    monkeypatch.setattr("mcu_vision.device.bootloader_session.BootloaderSession._write_protected", lambda self: set())
    with pytest.raises(UserError, match=r"verification failed: sector 0 .*protected"):
        flash(device, image_at(tmp_path, 0, 1000))


def test_wrong_parity_is_silence(tmp_path: Path) -> None:
    device = SimulatedBootloader()
    with pytest.raises(UserError, match="bootloader does not answer: set BOOT0 high"):
        flash(device, image_at(tmp_path, 0, 100), VirtualPort(device, even_parity=False))


def test_a_bootloader_in_the_middle_of_a_command_is_found(tmp_path: Path) -> None:
    image = image_at(tmp_path, 0, 1000)
    beginnings = [b"", b"\x31", b"\x31\xce\x08\x00", b"\x31\xce\x08\x00\x40\x00\x48\xff\x00", b"\x44\xbb\x00\x17\x00"]
    for beginning in beginnings:
        for patient in (False, True):
            device = SimulatedBootloader(patient=patient)
            VirtualPort(device).write(b"\x7f" + beginning)
            flash(device, image)


def test_start(tmp_path: Path) -> None:
    device = SimulatedBootloader()
    image = image_at(tmp_path, 0x8000, 1000)
    loader = Bootloader(VirtualPort(device))
    worker = Flasher(loader, image, BOARD.flash_sectors, chip_of_board("stm32f439"))
    worker.flash()
    assert device.running is None
    assert worker.start()
    assert device.running == FLASH.base + 0x8000
    assert not worker.start()


def test_slow_erasing_is_waited_for(tmp_path: Path) -> None:
    device = SimulatedBootloader()
    port = VirtualPort(device)
    flash(device, image_at(tmp_path, 0, 1000), port, mass=True)
    assert port.now > 16
