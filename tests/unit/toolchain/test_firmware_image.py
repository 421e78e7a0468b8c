"""What both cross compilers make of the firmware: vectors, memories, file formats."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from mcu_vision.boards import load_board
from mcu_vision.toolchain import FirmwareImage, find_toolchain, firmware_sources

VECTORS = 16 + 91


def symbols(elf: Path) -> dict[str, int]:
    with elf.open("rb") as stream:
        return {
            symbol.name: symbol["st_value"] for symbol in ELFFile(stream).get_section_by_name(".symtab").iter_symbols()
        }


def test_vector_table(image: FirmwareImage) -> None:
    found = symbols(image.elf)
    vectors = struct.unpack(f"<{VECTORS}I", image.bin.read_bytes()[: 4 * VECTORS])
    assert vectors[0] == found["__stack_top"] == 0x10001000
    assert found["__stack_bottom"] == 0x10000000
    named = {1: "reset_handler", 3: "fault_handler", 15: "timestamp_handler", 16 + 39: "uart_handler"}
    others = set(range(1, VECTORS)) - set(named)
    for number, name in [*named.items(), *((number, "fault_handler") for number in others)]:
        assert vectors[number] == found[name] | 1, f"vector {number}"


def test_no_gap_in_the_table_of_another_console(fake_models: Path, tmp_path: Path, compiler_name: str) -> None:
    text = Path(load_board.__code__.co_filename).with_name("stm32f439.toml").read_text()
    text = text.replace("irq = 39 ", "irq = 71 ").replace('"usart3"', '"usart6"').replace("0x40004800", "0x40011400")
    (tmp_path / "board.toml").write_text(text)
    other = find_toolchain(compiler_name).build_firmware(
        firmware_sources(), fake_models / "classifier", tmp_path / "out", load_board(tmp_path / "board.toml")
    )
    vectors = struct.unpack(f"<{VECTORS}I", other.bin.read_bytes()[: 4 * VECTORS])
    assert vectors[16 + 71] == symbols(other.elf)["uart_handler"]
    assert all(vectors)


def test_sections_are_in_their_memories(image: FirmwareImage) -> None:
    found = symbols(image.elf)
    board = load_board("stm32f439")
    with image.elf.open("rb") as stream:
        sections = {section.name: section["sh_addr"] for section in ELFFile(stream).iter_sections()}
    assert sections[".text"] == board.flash.base
    assert sections[".rodata"] in board.flash
    assert sections[".arena.sram"] in board.sram
    assert sections[".arena.ccm"] == board.ccm.base + board.stack_bytes
    assert found["_sidata"] in board.flash
    assert found["model_input_pointer"] in board.sram


def test_floating_point_is_in_hardware(image: FirmwareImage) -> None:
    assert not [
        name for name in symbols(image.elf) if name.startswith(("__aeabi_f", "__aeabi_d", "__mulsf", "__addsf"))
    ]


def test_sizes(image: FirmwareImage) -> None:
    sizes = image.sizes
    assert image.bin.stat().st_size - 16 <= sizes.flash_bytes <= image.bin.stat().st_size
    assert sizes.ram["ccm"].items == {".stack": 4096, ".arena.ccm": 16}
    assert sizes.ram["ccm"].used_bytes == 4112
    assert sizes.ram["sram"].items[".arena.sram"] == 16
    assert sizes.ram["sram"].items[".bss"] >= 256
    assert sizes.ram_bytes == sizes.ram["sram"].used_bytes + 4112 < 8192
    assert sizes.ram["sram"].used_bytes >= sum(sizes.ram["sram"].items.values())


def parse_intel_hex(text: str) -> dict[int, int]:
    memory, upper, ended = {}, 0, False
    for line in text.splitlines():
        record = bytes.fromhex(line.removeprefix(":"))
        assert sum(record) & 0xFF == 0
        assert not ended
        count, address, kind = record[0], int.from_bytes(record[1:3], "big"), record[3]
        data = record[4:-1]
        assert len(data) == count
        if kind == 4:
            upper = int.from_bytes(data, "big") << 16
        ended = kind == 1
        if kind == 0:
            memory.update({upper + address + i: byte for i, byte in enumerate(data)})
    assert ended
    return memory


def test_hex_and_bin_hold_the_same(image: FirmwareImage) -> None:
    expected = {0x08000000 + i: byte for i, byte in enumerate(image.bin.read_bytes())}
    assert parse_intel_hex(image.hex.read_text()) == expected


def test_bin_is_what_objcopy_makes(image: FirmwareImage, tmp_path: Path) -> None:
    objcopy = shutil.which("arm-none-eabi-objcopy")
    if objcopy is None:
        pytest.skip("arm-none-eabi-objcopy is not on the PATH")
    other = tmp_path / "other.bin"
    # By name, because objcopy takes an empty .data for 384 MB of gap.
    sections = [f"--only-section={name}" for name in image.sizes.flash.items]
    subprocess.run([objcopy, "-O", "binary", "--gap-fill=0xff", *sections, image.elf, other], check=True)
    assert other.read_bytes() == image.bin.read_bytes()


def test_map_names_functions_by_address(image: FirmwareImage) -> None:
    rows = [line.split() for line in image.map.read_text().splitlines()]
    addresses = [int(row[0], 16) for row in rows]
    assert addresses == sorted(addresses)
    assert {row[3]: int(row[0], 16) for row in rows if len(row) > 3}["main"] == symbols(image.elf)["main"] & ~1


def test_equal_sources_elsewhere_give_equal_bytes(
    image: FirmwareImage,
    compiler_name: str,
    fake_models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sources = []
    for source in [*firmware_sources(), fake_models / "classifier"]:
        sources.append(Path(shutil.copytree(source, tmp_path / "copy" / source.name)))
    # Not from the objects of the first build, whose path would hide a difference.
    monkeypatch.setattr("mcu_vision.toolchain.objects.cache_dir", lambda *parts: tmp_path)
    again = find_toolchain(compiler_name).build_firmware(
        sources[:-1], sources[-1], tmp_path / "out", load_board("stm32f439")
    )
    # Not the ELF: debug information of the compiler's run-time library tells where that is installed.
    assert again.bin.read_bytes() == image.bin.read_bytes()
    assert again.map.read_bytes() == image.map.read_bytes()
    assert again.hex.read_bytes() == image.hex.read_bytes()
