"""The kernels on an emulated Cortex-M4, with every access checked and instructions counted exactly."""

import ctypes
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import capstone
import unicorn
from elftools.elf.elffile import ELFFile
from machine import GUARD, Machine
from unicorn import arm_const

FLASH, RAM, STACK = 0x08000000, 0x20000000, 0x10000000
RAM_BYTES, STACK_BYTES = 4 << 20, 4096
RETURN = FLASH + 0xFFFF0


class CortexM4(Machine):
    """Loads an ELF of the kernels. check_accesses: reads and writes outside the arrays are errors."""

    def __init__(self, elf: bytes, check_accesses: bool = True) -> None:
        super().__init__(ctypes.c_uint32)
        self.emulator: Any = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self.emulator.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M4)
        self.emulator.mem_map(FLASH, 1 << 20, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        self.emulator.mem_map(RAM, RAM_BYTES)
        self.emulator.mem_map(STACK, STACK_BYTES)
        file = ELFFile(BytesIO(elf))
        self._code: list[tuple[int, bytes]] = []
        for segment in file.iter_segments("PT_LOAD"):
            self.emulator.mem_write(segment["p_paddr"], segment.data())
            self._code.append((segment["p_paddr"], segment.data()))
        symbols = file.get_section_by_name(".symtab").iter_symbols()
        self._functions = {s.name: s["st_value"] for s in symbols if s["st_info"]["type"] == "STT_FUNC"}
        self._next = RAM
        self._bad_access = ""
        self._sizes: dict[tuple[int, int], int] = {}
        self.blocks: Counter[tuple[int, int]] | None = None
        self.emulator.hook_add(unicorn.UC_HOOK_BLOCK, self._count_block)
        if check_accesses:
            kinds = unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE
            self.emulator.hook_add(kinds, self._check_access, begin=RAM, end=RAM + RAM_BYTES)

    def allocate(self, size: int) -> int:
        address = self._next
        self._next += (size + 7) // 8 * 8
        assert self._next <= RAM + RAM_BYTES, "the arrays do not fit the emulated RAM"
        return address

    def free_all(self) -> None:
        self._next = RAM

    def write(self, address: int, data: bytes) -> None:
        self.emulator.mem_write(address, data)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.emulator.mem_read(address, size))

    def execute(self, function: str, arguments: Sequence[int]) -> None:
        registers = (arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R1, arm_const.UC_ARM_REG_R2)
        registers += (arm_const.UC_ARM_REG_R3,)
        words = [a & 0xFFFFFFFF for a in arguments]
        for register, word in zip(registers, words, strict=False):
            self.emulator.reg_write(register, word)
        stack = STACK + STACK_BYTES - 32
        self.write(stack, b"".join(w.to_bytes(4, "little") for w in words[4:]))
        self.emulator.reg_write(arm_const.UC_ARM_REG_SP, stack)
        self.emulator.reg_write(arm_const.UC_ARM_REG_LR, RETURN | 1)
        self._bad_access = ""
        self.emulator.emu_start(self._functions[function] | 1, RETURN)
        assert not self._bad_access, f"{function}: {self._bad_access}"

    def instructions(self, function: str, struct: str, params: Any, *arguments: Any) -> int:
        """Instructions that a call executes."""
        self.blocks = Counter()
        self.call(function, struct, params, *arguments)
        total = sum(count * self._block_size(block) for block, count in self.blocks.items())
        self.blocks = None
        return total

    def _block_size(self, block: tuple[int, int]) -> int:
        if block not in self._sizes:
            decoder = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
            code = self.read(block[0] & ~1, block[1])
            self._sizes[block] = sum(1 for _ in decoder.disasm(code, block[0]))
        return self._sizes[block]

    def _count_block(self, _: Any, address: int, size: int, __: Any) -> None:
        if self.blocks is not None:
            self.blocks[address, size] += 1

    def _check_access(self, _: Any, kind: int, address: int, size: int, value: int, __: Any) -> None:
        writes = kind == unicorn.UC_MEM_WRITE
        for start, data, writable in self._placed:
            if start <= address and address + size <= start + len(data) and (writable or not writes):
                return
        what = "write" if writes else "read"
        place = self.emulator.reg_read(arm_const.UC_ARM_REG_PC)
        self._bad_access = f"{what} of {size} bytes at {address:#x}, outside every array (pc {place:#x})"
        self.emulator.emu_stop()


__all__ = ["GUARD", "CortexM4"]
