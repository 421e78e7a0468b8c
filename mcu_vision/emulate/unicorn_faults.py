"""Faults: a report for the developer, or the firmware's own handler with the registers that silicon would show."""

from typing import TYPE_CHECKING

from mcu_vision.emulate import nvic as exceptions
from mcu_vision.emulate.interface import EmulationFault
from mcu_vision.emulate.system_control import BFAR, CFSR, HFSR
from mcu_vision.emulate.unicorn_engine import Access
from mcu_vision.emulate.unicorn_exceptions import StackingError, enter_exception

if TYPE_CHECKING:
    from mcu_vision.emulate.unicorn_machine import Machine

_FORCED, _DEBUG_EVENT, _STACKING_ERROR = 1 << 30, 1 << 31, 1 << 12
_BUS_ERROR = (1 << 9 | 1 << 15, exceptions.BUS_FAULT)  # precise, address valid
_STATUS = {  # of CFSR (Armv7-M ARM B3.2.15), and the exception
    "read": _BUS_ERROR,
    "write": _BUS_ERROR,
    "fetch": (1 << 8, exceptions.BUS_FAULT),
    "undefined instruction": (1 << 16, exceptions.USAGE_FAULT),
    "invalid state": (1 << 17, exceptions.USAGE_FAULT),
    "floating point off": (1 << 19, exceptions.USAGE_FAULT),
    "misaligned access": (1 << 24, exceptions.USAGE_FAULT),
}
_OVERFLOW_REACH = 1 << 16


def stop_or_deliver(machine: "Machine", access: Access, stacked: bool = True) -> None:
    """Raise EmulationFault, or enter the firmware's handler where the machine delivers faults.

    `stacked`: whether the fault came from code; False where pushing a frame failed. A fault inside a fault handler that
    cannot be taken (lockup on silicon) raises in any case.
    """
    lockup = exceptions.HARD_FAULT in machine.nvic.active
    if not machine.deliver_faults or lockup:
        raise _report(machine, access)
    status, exception = _STATUS.get(access.kind, (0, exceptions.HARD_FAULT))
    words = machine.system.words
    words[CFSR] = words.get(CFSR, 0) | (status if stacked else _STACKING_ERROR)
    if status & 1 << 15 and stacked:
        words[BFAR] = access.address
    if access.kind == "breakpoint":
        words[HFSR] = words.get(HFSR, 0) | _DEBUG_EVENT
    elif not _can_take(machine, exception):
        words[HFSR] = words.get(HFSR, 0) | _FORCED
        exception = exceptions.HARD_FAULT
    machine.engine.write("pc", access.pc | 1)
    try:
        enter_exception(machine.engine, machine.nvic, exception, machine.vector_table)
    except StackingError:
        words[CFSR] |= _STACKING_ERROR
        enter_exception(machine.engine, machine.nvic, exception, machine.vector_table, keep_frame=False)


def _can_take(machine: "Machine", exception: int) -> bool:
    nvic = machine.nvic
    if exception == exceptions.HARD_FAULT or exception not in nvic.enabled:
        return False
    masks = machine.engine.read_all(("primask", "faultmask", "basepri"))
    return nvic.preempts(exception) and not nvic.masked(exception, *masks)


def _report(machine: "Machine", access: Access) -> EmulationFault:
    hint = ""
    bottom = machine.elf.symbols.get("__stack_bottom")
    if bottom is not None and bottom - _OVERFLOW_REACH <= access.address < bottom:
        hint = f"stack overflow, below __stack_bottom (0x{bottom:08x})"
    elif access.kind == "write" and access.address in machine.board.flash:
        hint = "flash cannot be written"
    elif access.kind == "misaligned access":
        hint = f"at 0x{access.address:08x}: only single loads and stores may be misaligned"
    elif access.kind in ("read", "write"):
        hint = "neither flash, RAM nor a known peripheral"
    size = 0 if access.kind == "misaligned access" else access.size_bytes
    return EmulationFault(access.kind, access.address, size, access.pc, machine.elf.describe(access.pc), hint)
