"""The kernels on an emulated Cortex-M4, with instructions counted exactly."""

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
FLASH_BYTES, STACK_BYTES, PAGE = 1 << 20, 4096, 4096
SLOTS, SLOT_BYTES = 200, 1 << 19
RETURN = FLASH + FLASH_BYTES - 16
ARGUMENTS = (
    arm_const.UC_ARM_REG_R0,
    arm_const.UC_ARM_REG_R1,
    arm_const.UC_ARM_REG_R2,
    arm_const.UC_ARM_REG_R3,
)


class CortexM4(Machine):
    """Loads an ELF of the kernels.

    Each array lies in a slot of its own between pages without memory, in turn at the end and at the start
    of the slot, so that reading or writing one byte too far stops the emulation.
    """

    def __init__(self, elf: bytes) -> None:
        super().__init__(ctypes.c_uint32)
        self.emulator: Any = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self.emulator.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M4)
        self.emulator.mem_map(FLASH, FLASH_BYTES, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        self.emulator.mem_map(STACK, STACK_BYTES)
        for slot in range(SLOTS):
            self.emulator.mem_map(self._slot(slot), SLOT_BYTES)
        file = ELFFile(BytesIO(elf))
        for segment in file.iter_segments("PT_LOAD"):
            self.emulator.mem_write(segment["p_paddr"], segment.data())
        symbols = file.get_section_by_name(".symtab").iter_symbols()
        self._functions = {s.name: s["st_value"] for s in symbols if s["st_info"]["type"] == "STT_FUNC"}
        self._used, self._at_end = 0, True
        self._sizes: dict[tuple[int, int], int] = {}
        self._blocks_run: Counter[tuple[int, int]] = Counter()

    @staticmethod
    def _slot(index: int) -> int:
        return RAM + index * (SLOT_BYTES + PAGE)

    def allocate(self, size: int, align: int) -> tuple[int, tuple[int, ...]]:
        assert self._used < SLOTS, "too many arrays"
        assert size + len(GUARD) <= SLOT_BYTES, "too large an array"
        base = self._slot(self._used)
        self._used += 1
        if self._at_end and size % align == 0:
            address = base + SLOT_BYTES - size
            return address, (address - len(GUARD),)
        return base, (base + size,)

    def free_all(self) -> None:
        self._used, self._at_end = 0, not self._at_end

    def write(self, address: int, data: bytes) -> None:
        self.emulator.mem_write(address, data)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.emulator.mem_read(address, size))

    def execute(self, function: str, arguments: Sequence[int]) -> None:
        for register, value in zip(ARGUMENTS, arguments, strict=False):
            self.emulator.reg_write(register, value)
        stack = STACK + STACK_BYTES - 32
        self.write(stack, b"".join(a.to_bytes(4, "little") for a in arguments[4:]))
        self.emulator.reg_write(arm_const.UC_ARM_REG_SP, stack)
        self.emulator.reg_write(arm_const.UC_ARM_REG_LR, RETURN | 1)
        self.emulator.emu_start(self._functions[function] | 1, RETURN)

    def instructions(self, function: str, struct: str, params: Any, *arguments: Any) -> int:
        """Instructions that a call executes."""
        self._blocks_run.clear()
        hook = self.emulator.hook_add(unicorn.UC_HOOK_BLOCK, self._count_block)
        self.emulator.ctl_flush_tb()
        self.call(function, struct, params, *arguments)
        self.emulator.hook_del(hook)
        return sum(count * self._block_size(block) for block, count in self._blocks_run.items())

    def _count_block(self, _: Any, address: int, size: int, __: Any) -> None:
        self._blocks_run[address, size] += 1

    def _block_size(self, block: tuple[int, int]) -> int:
        if block not in self._sizes:
            decoder = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
            code = self.read(block[0], block[1])
            self._sizes[block] = sum(1 for _ in decoder.disasm(code, block[0]))
        return self._sizes[block]
