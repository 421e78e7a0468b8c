"""Estimate of a Cortex-M4's cycles from its instructions, without wait states.

Source: Arm DDI 0439 (Cortex-M4 TRM r0p1), table 3-1, section 3.3.2 (load and store timings) and table 7-1 (floating
point). Where the table gives a range or a condition that cannot be seen in the code, the model takes:

- P, the refill of the pipeline after a taken branch: 2 (of 1 to 3);
- SDIV and UDIV: 6 (of 2 to 12);
- an instruction in an IT block: its full time, whether its condition holds or not;
- a block's first load: not pipelined with the load before the block; VLDR and VSTR: never pipelined;
- no stall where a floating-point result is used at once (one cycle on silicon).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import capstone
from capstone import arm

PIPELINE_REFILL, DIVIDE, BARRIER = 2, 6, 4
_LOADS = frozenset(
    ("ldr", "ldrb", "ldrh", "ldrsb", "ldrsh", "ldrt", "ldrbt", "ldrht", "ldrsbt", "ldrsht", "ldrex", "ldrexb", "ldrexh")
)
_STORES = frozenset(("str", "strb", "strh", "strt", "strbt", "strht", "strex", "strexb", "strexh"))
_MULTIPLE = {
    **dict.fromkeys(("ldm", "ldmdb", "pop"), "load"),
    **dict.fromkeys(("stm", "stmdb", "push"), "store"),
    **dict.fromkeys(("vldmia", "vldmdb", "vpop", "vstmia", "vstmdb", "vpush"), "float"),
}
_BRANCHES = frozenset(("b", "bl", "bx", "blx", "cbz", "cbnz"))
_FLOAT = ("v", "fconst", "fmstat")  # prefixes; the last two are VMOV of a constant and VMRS of the flags
_TABLE_BRANCHES = frozenset(("tbb", "tbh"))
_CYCLES = {
    **dict.fromkeys(("udiv", "sdiv"), DIVIDE),
    **dict.fromkeys(("vdiv", "vsqrt"), 14),
    **dict.fromkeys(("vmla", "vmls", "vnmla", "vnmls", "vfma", "vfms", "vfnma", "vfnms"), 3),
    **dict.fromkeys(("dsb", "dmb", "isb"), BARRIER),
    **dict.fromkeys(("mrs", "msr", "cps"), 2),
}
_MULTIPLIES = ("mul", "mla", "mls", "smul", "smla", "smls", "smm", "smua", "smus", "umul", "umla", "umaal")  # prefixes


@dataclass(frozen=True)
class BlockTiming:
    """One execution of a basic block; `branch_cycles` come on top where its last branch is taken.

    `classes`: instructions by class: load, store, multiply, divide, float, branch, other.
    `conditional`: it holds an IT instruction.
    """

    instructions: int
    cycles: int
    branch_cycles: int
    classes: Counter[str]
    uses_float: bool
    conditional: bool


@dataclass(frozen=True)
class _Timed:
    kind: str
    cycles: int
    pipelines: bool = False  # takes a cycle less right after a load
    result: frozenset[int] = frozenset()  # registers that stall an address made of them
    address: frozenset[int] = frozenset()
    is_load: bool = False


class CycleModel:
    """Times basic blocks of Thumb code."""

    def __init__(self) -> None:
        self._engine = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
        self._engine.detail = True

    def time_block(self, code: bytes, address: int) -> BlockTiming:
        """Time one block, `code` at `address`. What cannot be decoded counts as one cycle."""
        timed: list[_Timed] = []
        refill = 0
        conditional = False
        offset = 0
        while offset < len(code):
            size = instruction_size(code, offset)
            decoded = next(self._engine.disasm(code[offset : offset + size], address + offset, 1), None)
            if decoded is None:
                timed.append(_Timed("other", 1))
            else:
                timed.append(_time(decoded))
                refill = PIPELINE_REFILL if _can_jump(decoded) else 0
                conditional |= decoded.insn_name() == "it"
            offset += size
        classes = Counter(entry.kind for entry in timed)
        return BlockTiming(len(timed), _sum(timed), refill, classes, classes["float"] > 0, conditional)


def instruction_size(code: bytes, offset: int) -> int:
    """2 or 4 bytes, by the first half word (Armv7-M ARM A5.1)."""
    return 4 if offset + 1 < len(code) and code[offset + 1] >> 3 in (0b11101, 0b11110, 0b11111) else 2


def _sum(timed: Sequence[_Timed]) -> int:
    total = 0
    before: _Timed | None = None
    for entry in timed:
        total += entry.cycles
        if before is not None and before.is_load and entry.pipelines and not before.result & entry.address:
            total -= 1
        if before is not None and not before.is_load and before.result & entry.address:
            total += 1
        before = entry
    return total


def _time(code: "capstone.CsInsn") -> _Timed:
    name: str = code.insn_name()
    if name in _MULTIPLE:
        skipped = 0 if name in ("push", "pop", "vpush", "vpop") else 1
        words = sum(2 if _is_double(code, operand.reg) else 1 for operand in code.operands[skipped:])
        return _Timed(_MULTIPLE[name], 1 + words)
    if name in ("ldrd", "strd"):
        return _Timed("load" if name == "ldrd" else "store", 3, address=_address(code))
    if name in _LOADS or name in _STORES:
        return _time_single(code, name in _LOADS)
    if name in ("vldr", "vstr"):
        return _Timed("float", 3 if _is_double(code, code.operands[0].reg) else 2, address=_address(code))
    if name in _TABLE_BRANCHES:
        return _Timed("branch", 2)
    if name in _BRANCHES:
        return _Timed("branch", 1)
    written = frozenset(operand.reg for operand in code.operands if _is_written(operand))
    return _Timed(_kind(name), _arithmetic_cycles(code, name), result=written)


def _kind(name: str) -> str:
    if name.startswith(_FLOAT):
        return "float"
    if name in ("udiv", "sdiv"):
        return "divide"
    return "multiply" if name.startswith(_MULTIPLIES) else "other"


def _time_single(code: "capstone.CsInsn", is_load: bool) -> _Timed:
    """A store with an immediate offset takes one cycle; its pipelining is in that already."""
    memory = next(operand.mem for operand in code.operands if operand.type == arm.ARM_OP_MEM)
    if is_load:
        destination = frozenset((code.operands[0].reg,))
        return _Timed("load", 2, pipelines=not code.writeback, result=destination, address=_address(code), is_load=True)
    indexed = memory.index != 0
    return _Timed("store", 2 if indexed else 1, pipelines=indexed, address=_address(code))


def _arithmetic_cycles(code: "capstone.CsInsn", name: str) -> int:
    if name == "vmov" and len(code.operands) > 2:  # two core registers
        return 2
    return _CYCLES.get(name, 1)


def _address(code: "capstone.CsInsn") -> frozenset[int]:
    memories = [operand.mem for operand in code.operands if operand.type == arm.ARM_OP_MEM]
    return frozenset(register for memory in memories for register in (memory.base, memory.index) if register)


def _is_written(operand: "arm.ArmOp") -> bool:
    return bool(operand.type == arm.ARM_OP_REG and operand.access & capstone.CS_AC_WRITE)


def _is_double(code: "capstone.CsInsn", register: int) -> bool:
    return bool(code.reg_name(register).startswith("d"))


def _can_jump(code: "capstone.CsInsn") -> bool:
    name = code.insn_name()
    if name in _BRANCHES or name in _TABLE_BRANCHES:
        return True
    return any(operand.type == arm.ARM_OP_REG and operand.reg == arm.ARM_REG_PC for operand in code.operands)
