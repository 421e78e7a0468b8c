"""Exception entry and return (Armv7-M ARM B1.5.6 to B1.5.8): Unicorn has neither.

Handlers and threads use the main stack; the process stack is not emulated.
"""

import struct

from mcu_vision.emulate.nvic import Nvic
from mcu_vision.emulate.unicorn_engine import UnicornEngine

ENTRY_CYCLES, RETURN_CYCLES = 12, 10  # DDI 0439 section 3.9.1: latency without wait states
_BASIC = ("r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr")
_FLOAT = (*(f"s{i}" for i in range(16)), "fpscr")
_ALIGNED = 1 << 9  # of the stacked xPSR: the stack was moved by 4 to a multiple of 8
_CONTROL_FPCA, _CONTROL_SPSEL = 1 << 2, 1 << 1
_IT_BITS, _NUMBER_BITS, _THUMB = 0x0600FC00, 0x1FF, 1 << 24
_NO_FLOAT, _TO_THREAD = 1 << 4, 1 << 3  # of EXC_RETURN


class StackingError(Exception):
    """The frame at `address` lies outside memory."""

    def __init__(self, address: int) -> None:
        self.address = address
        super().__init__(f"no memory for an exception frame at 0x{address:08x}")


def enter_exception(
    engine: UnicornEngine, nvic: Nvic, exception: int, vector_table: int, keep_frame: bool = True
) -> None:
    """Push the frame (with floating-point registers if they are in use) and go to the handler.

    Raises StackingError if the stack is outside memory: then nothing has changed. `keep_frame` False: the frame is
    lost, as where silicon finds no memory under the stack pointer.
    """
    control = engine.read("control")
    if control & _CONTROL_SPSEL:
        raise NotImplementedError("the emulator does not emulate the process stack")
    with_float = bool(control & _CONTROL_FPCA)
    *frame, stack = engine.read_all((*_BASIC, "sp"))
    base = stack - (104 if with_float else 32)
    frame[6] &= ~1
    frame[7] = frame[7] & ~_ALIGNED | _THUMB | (_ALIGNED if base & 4 else 0)
    base &= ~7
    data = struct.pack("<8I", *frame)
    if with_float:
        data += struct.pack("<17I", *engine.read_all(_FLOAT))  # a reserved word follows
    (handler,) = engine.read_words(vector_table + 4 * exception, 1)
    if keep_frame:
        try:
            engine.push(base, data)
        except ValueError as error:
            raise StackingError(base) from error
    was_thread = not nvic.active
    nvic.active.append(exception)
    nvic.pending.discard(exception)
    engine.write_all(
        {
            "control": control & ~_CONTROL_FPCA,
            "sp": base,
            "lr": 0xFFFFFFE1 | (_TO_THREAD if was_thread else 0) | (0 if with_float else _NO_FLOAT),
            "xpsr": frame[7] & ~(_IT_BITS | _NUMBER_BITS | _ALIGNED) | exception,
            "pc": handler | 1,
        }
    )
    engine.counter.state.cycles += ENTRY_CYCLES


def return_from_exception(engine: UnicornEngine, nvic: Nvic) -> None:
    """Pop the frame that the EXC_RETURN value in PC tells of. Raises StackingError."""
    exc_return, base, control = engine.read_all(("pc", "sp", "control"))
    with_float = not exc_return & _NO_FLOAT
    try:
        frame = engine.read_words(base, 26 if with_float else 8)
    except ValueError as error:
        raise StackingError(base) from error
    nvic.active.pop()
    if not nvic.active:
        engine.write("faultmask", 0)
    if with_float:
        engine.write_all(dict(zip(_FLOAT, frame[8:25], strict=True)))
    engine.write_all(
        {
            **dict(zip(_BASIC, frame[:6], strict=False)),
            "control": control & ~_CONTROL_FPCA | (_CONTROL_FPCA if with_float else 0),
            "sp": base + 4 * len(frame) + (4 if frame[7] & _ALIGNED else 0),
            "xpsr": frame[7] & ~_ALIGNED,
            "pc": frame[6] | 1,
        }
    )
    engine.counter.state.cycles += RETURN_CYCLES
