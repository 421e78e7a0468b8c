"""Constants that kernels read from flash again and again move to RAM that no buffer needs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from mcu_vision.plan.arena import ArenaRegion
from mcu_vision.plan.buffer import aligned
from mcu_vision.plan.constant_reads import LINE_BYTES, KernelConstant, kernel_constants
from mcu_vision.plan.program import Program
from mcu_vision.plan.promoted import PromotedConstant

SECTION_ALIGNMENT = 8
"""Of what the linker places: a region may lose so many bytes to it."""
MANY_READS = 8
"""A constant that is read less often stays in flash: a kilobyte of RAM would save some hundred cycles."""


@dataclass(frozen=True)
class _Constant:
    """Equal constants of one or more operators. readers: operator and field of each; lines: read from flash."""

    readers: tuple[tuple[str, str], ...]
    size_bytes: int
    lines: int

    @property
    def reads(self) -> float:
        """How often it is read from one end to the other."""
        return self.lines * LINE_BYTES / self.size_bytes


def promote_weights(
    program: Program, regions: list[ArenaRegion], budget_bytes: int, wait_states: int, *, balanced: bool
) -> Program:
    """`program` with those constants in RAM that save most cycles for their bytes, within what is free of
    `budget_bytes` and of each region.

    wait_states: cycles for each line of flash that the data cache does not hold. balanced: only while the product of
    RAM and time falls.
    """
    free = {r.name: r.size_bytes - aligned(program.arena_bytes[r.name]) - SECTION_ALIGNMENT for r in regions}
    left = budget_bytes - program.total_bytes - SECTION_ALIGNMENT * len(regions)
    ram, cycles = program.total_bytes, program.cycles_estimated
    order = [region.name for region in sorted(regions, key=lambda region: region.dma)]  # DMA cannot use the others
    promoted: list[PromotedConstant] = []
    for constant in sorted(_constants(program), key=lambda c: (-c.reads, c.readers)):
        saved = constant.lines * wait_states
        region = next((name for name in order if constant.size_bytes <= min(free[name], left)), None)
        if region is None or constant.reads < MANY_READS or saved == 0:
            continue
        if balanced and (ram + constant.size_bytes) * (cycles - saved) >= ram * cycles:
            continue
        promoted += _promote(constant, region, saved)
        free[region] -= constant.size_bytes
        left -= constant.size_bytes
        ram, cycles = ram + constant.size_bytes, cycles - saved
    return replace(program, promoted=tuple(promoted))


def _promote(constant: _Constant, region: str, saved: int) -> list[PromotedConstant]:
    first, *others = constant.readers
    shared = [PromotedConstant(*reader, region, 0, 0) for reader in others]
    return [PromotedConstant(*first, region, constant.size_bytes, saved), *shared]


def _constants(program: Program) -> list[_Constant]:
    """Of all kernels; those that are equal are one, as in the generated code."""
    equal: defaultdict[tuple[str, bytes], list[tuple[str, KernelConstant]]] = defaultdict(list)
    for op in program.graph.ops:
        for constant in kernel_constants(op, program.graph):
            equal[constant.key].append((op.name, constant))
    return [
        _Constant(
            tuple((name, constant.field) for name, constant in group),
            aligned(group[0][1].size_bytes),
            sum(constant.lines for _, constant in group),
        )
        for group in equal.values()
    ]
