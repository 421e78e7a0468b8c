"""Instructions of Thumb code as text."""

import capstone

from mcu_vision.emulate.cycle_model import instruction_size


def disassemble(code: bytes, address: int) -> list[str]:
    """One line an instruction; what cannot be decoded as its half words in hex."""
    engine = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    lines = []
    offset = 0
    while offset < len(code):
        size = instruction_size(code, offset)
        word = code[offset : offset + size]
        decoded = next(engine.disasm(word, address + offset, 1), None)
        lines.append(f"{decoded.mnemonic} {decoded.op_str}".strip() if decoded else f".inst 0x{word[::-1].hex()}")
        offset += size
    return lines
