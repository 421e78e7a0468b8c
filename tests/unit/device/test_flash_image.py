import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcu_vision.boards import load_board
from mcu_vision.device.chips import chip_of_board
from mcu_vision.device.flash_image import Block, _blocks, load_image
from mcu_vision.errors import UserError

BOARD = load_board("stm32f439")


def memory(pieces: list[tuple[int, bytes]]) -> dict[int, int]:
    return {address + i: byte for address, data in pieces for i, byte in enumerate(data)}


@given(st.lists(st.tuples(st.integers(0x08000000, 0x08001000), st.binary(min_size=1, max_size=700)), min_size=1))
def test_blocks_hold_every_byte_once(pieces: list[tuple[int, bytes]]) -> None:
    blocks = _blocks(pieces)
    wanted, held = memory(pieces), memory([(b.address, b.data) for b in blocks])
    assert {address: held[address] for address in wanted} == wanted
    assert {byte for address, byte in held.items() if address not in wanted} <= {0xFF}
    assert len(held) == sum(len(b.data) for b in blocks)
    for block in blocks:
        assert block.address % 4 == len(block.data) % 4 == 0
        assert block.address // 256 == (block.address + len(block.data) - 1) // 256


def test_binary_lies_at_the_flash_base(tmp_path: Path) -> None:
    path = tmp_path / "firmware.bin"
    path.write_bytes(bytes(range(256)) * 3 + b"abc")
    image = load_image(path, BOARD.flash_sectors)
    assert (image.start, image.end) == (0x08000000, 0x08000304)
    assert image.blocks[-1].data == b"abc\xff"


def test_elf_segments_lie_where_they_are_loaded(tmp_path: Path) -> None:
    text, data = bytes(range(64)), b"variables"
    segments = [  # type PT_LOAD, offset, address at run time, load address, bytes in file, bytes in memory
        (1, 0x100, 0x08000000, 0x08000000, len(text), len(text)),
        (1, 0x200, 0x20000000, 0x08010000, len(data), len(data)),
        (1, 0x300, 0x20000400, 0x20000400, 0, 4096),
    ]
    head = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 2, 40, 1, 0, 52, 0, 0, 52, 32, 3, 40, 0, 0)
    table = b"".join(struct.pack("<8I", *segment, 5, 4) for segment in segments)
    path = tmp_path / "firmware.elf"
    path.write_bytes((head + table).ljust(0x100, b"\0") + text.ljust(0x100, b"\0") + data)
    image = load_image(path, BOARD.flash_sectors)
    assert image.blocks == (Block(0x08000000, text), Block(0x08010000, data + b"\xff" * 3))
    assert [sector.number for sector in image.covered(BOARD.flash_sectors)] == [0, 4]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.bin", b"", "holds nothing"),
        ("a.bin", b"x" * 0x200001, "not within the flash"),
        ("a.elf", b"\x7fELFnonsense", "damaged"),
        ("a.hex", b":00000001FE", "record 1 is not Intel HEX"),
        ("a.hex", b":0100000000FF", "end record is missing"),
        ("a.hex", b":0100000000FF\n:00000001FF", "0x00000000, which is not within the flash"),
        ("a.hex", b"\xff\xfe", "damaged"),
        ("a.hex", b":zz", "damaged"),
    ],
)
def test_bad_files_are_one_line(tmp_path: Path, name: str, content: bytes, complaint: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError, match=complaint) as caught:
        load_image(path, BOARD.flash_sectors)
    assert "\n" not in str(caught.value)


def test_missing_file() -> None:
    with pytest.raises(UserError, match=r"cannot read .*mcu-vision build"):
        load_image(Path("nosuch.elf"), BOARD.flash_sectors)


def test_boards_without_a_described_bootloader() -> None:
    assert chip_of_board("stm32f439").id == 0x419
    with pytest.raises(UserError, match=r"not other-board; use --probe"):
        chip_of_board("other-board")
