"""Checks each access of an inference to the arenas against what the plan allows the running step."""

import numpy as np
import numpy.typing as npt

from mcu_vision.emulate.interface import ArenaViolation
from mcu_vision.emulate.ram_watch import FREE_FOR_ALL, HELD, READABLE, WRITABLE, RamAccess
from mcu_vision.emulate.source_lines import source_line
from mcu_vision.emulate.unicorn_calls import CallHooks
from mcu_vision.emulate.unicorn_machine import Machine
from mcu_vision.plan import Block, Place, Program
from mcu_vision.plan.blocks import owner_at


class ArenaGuard:
    """Follows `<prefix>_invoke` and `<prefix>_step`. Emulation raises ArenaViolation where a step touches a byte that
    is in none of its blocks, writes one that it may only read, or reads one that the inference has not written.

    Raises KeyError if the firmware was not built from `program`.
    """

    def __init__(self, machine: Machine, calls: CallHooks, program: Program, prefix: str) -> None:
        self._machine, self._calls, self._program = machine, calls, program
        symbols = machine.elf.symbols
        self._bases = {name: symbols[f"{prefix}_arena_{name}"] for name, size in program.arena_bytes.items() if size}
        self._position = 0
        self._blocks: list[Block] = []
        for name in self._bases:
            machine.engine.ram[name].on_violation = self._report
        calls.on_entry(symbols[f"{prefix}_invoke"], self._begin)
        calls.on_entry(symbols[f"{prefix}_step"], self._enter_step)

    def _cells(self, region: str, offset: int, size: int) -> npt.NDArray[np.uint8]:
        return self._machine.engine.ram[region].cells_at(self._bases[region] + offset, size)

    def _arenas(self) -> list[npt.NDArray[np.uint8]]:
        return [self._cells(name, 0, self._program.arena_bytes[name]) for name in self._bases]

    def _begin(self) -> None:
        """Nothing is open, and only the image is there."""
        for cells in self._arenas():
            cells &= ~FREE_FOR_ALL
        for buffer in self._program.buffers:
            if buffer.kind == "input":
                for place in buffer.places:
                    self._cells(*place, buffer.row_bytes)[:] |= HELD
        self._blocks = []
        self._calls.on_return(self._end)

    def _end(self) -> None:
        for cells in self._arenas():
            cells |= FREE_FOR_ALL

    def _enter_step(self) -> None:
        for block in self._blocks:
            self._cells(block.region, block.offset, block.size)[:] &= ~(READABLE | WRITABLE)
        self._position = self._machine.engine.read("r0")
        self._blocks = self._program.blocks(self._position)
        for block in self._blocks:
            cells = self._cells(block.region, block.offset, block.size)
            cells |= READABLE | WRITABLE if block.writable else READABLE
            if block.fresh:
                cells &= ~HELD

    def _report(self, access: RamAccess) -> None:
        item = self._program.schedule[self._position]
        watch = next(watch for watch in self._machine.engine.ram.values() if access.address in watch.region)
        cells = watch.cells_at(access.address, access.size_bytes)
        needed = WRITABLE if access.writes else READABLE | HELD
        wrong = int((cells & needed != needed).argmax())
        place = Place(watch.region.name, access.address + wrong - self._bases[watch.region.name])
        if not cells[wrong] & READABLE:
            reason = "in none of its buffers"
        else:
            reason = "which it may only read" if access.writes else "which nothing has written yet"
        elf = self._machine.elf
        raise ArenaViolation(
            operator=self._program.graph.ops[item.op].name,
            step=item.step,
            kind="write" if access.writes else "read",
            address=access.address,
            size_bytes=access.size_bytes,
            reason=reason,
            owner=owner_at(self._program, self._position, place),
            pc=access.pc,
            function=elf.describe(access.pc),
            source=source_line(elf.path, access.pc),
        )
