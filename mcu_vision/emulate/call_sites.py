"""Where calls of a function return to, from the machine code: hooks there see the end of a call."""

from mcu_vision.emulate.firmware_elf import FirmwareElf

_BL_BYTES = 4


def return_addresses(elf: FirmwareElf, target: int) -> list[int]:
    """The addresses behind each BL of `target` in the functions of `elf` (Armv7-M ARM A7.7.18, encoding T1)."""
    found = set()
    for base, data in elf.contents:
        for function in elf.functions:
            start, end = function.address - base, function.address - base + function.size_bytes
            if not 0 <= start < end <= len(data):
                continue
            for offset in range(start, end - _BL_BYTES + 1, 2):
                if _branch_target(data[offset : offset + _BL_BYTES], base + offset) == target:
                    found.add(base + offset + _BL_BYTES)
    return sorted(found)


def _branch_target(code: bytes, address: int) -> int | None:
    """Where a BL at `address` goes; None if it is none."""
    first, second = int.from_bytes(code[:2], "little"), int.from_bytes(code[2:], "little")
    if first & 0xF800 != 0xF000 or second & 0xD000 != 0xD000:
        return None
    sign, j1, j2 = first >> 10 & 1, second >> 13 & 1, second >> 11 & 1
    offset = (first & 0x3FF) << 12 | (second & 0x7FF) << 1
    offset |= (1 - (j1 ^ sign)) << 23 | (1 - (j2 ^ sign)) << 22
    return address + 4 + offset - (sign << 24)
