"""What every emulator of a board offers."""

from collections.abc import Callable
from types import TracebackType
from typing import Protocol


class EmulationFault(Exception):  # noqa: N818 (the core's own word)
    """The firmware did what would fault, or silently go wrong, on the board.

    `kind` is "read", "write", "fetch", "misaligned access", "undefined instruction", "floating point off" and so on;
    `address` and `size_bytes` are those of the access (the program counter and 0 where there is none); `function` is
    the function of `pc` with an offset, e.g. "nn_conv_s8+0x12".
    """

    def __init__(self, kind: str, address: int, size_bytes: int, pc: int, function: str, hint: str = "") -> None:
        self.kind, self.address, self.size_bytes = kind, address, size_bytes
        self.pc, self.function = pc, function
        access = f"{size_bytes}-byte {kind} at 0x{address:08x}" if size_bytes else kind
        super().__init__(f"{access}, pc 0x{pc:08x} in {function}" + (f": {hint}" if hint else ""))


class ArenaViolation(Exception):  # noqa: N818 (an access, of which the word is said)
    """A step of an inference touched bytes of an arena that the plan does not give it, or not yet.

    `operator` and `step` (its output row, or input row if it accumulates) say which; `kind` is "read" or "write";
    `reason` what is wrong; `owner` whose bytes were hit, "" if nobody's; `source` the line of `pc`, if known.
    """

    def __init__(
        self,
        *,
        operator: str,
        step: int,
        kind: str,
        address: int,
        size_bytes: int,
        reason: str,
        owner: str,
        pc: int,
        function: str,
        source: str | None,
    ) -> None:
        self.operator, self.step, self.kind = operator, step, kind
        self.address, self.size_bytes, self.reason, self.owner = address, size_bytes, reason, owner
        self.pc, self.function, self.source = pc, function, source
        super().__init__(
            f"{operator}, step {step}: {size_bytes}-byte {kind} at 0x{address:08x} {reason}, "
            f"pc 0x{pc:08x} in {function}" + (f" ({source})" if source else "") + f"; there: {owner or 'nothing'}"
        )


class Emulator(Protocol):
    """A board that runs one firmware. Times are virtual (cycles of the core over its frequency), or real ones where
    the emulator runs by itself.
    """

    def boot(self, timeout_s: float = ...) -> list[str]:
        """Run from reset; return the console lines before the first "m-ready"."""
        ...

    def command(self, text: str, timeout_s: float = ...) -> list[str]:
        """Send a console command; return the lines of its answer without "m-ready"."""
        ...

    def send(self, data: bytes) -> None:
        """Queue bytes for the console's receiver."""
        ...

    def read_line(self, timeout_s: float) -> str:
        """Run until the console has sent a line. Raises TimeoutError."""
        ...

    def read_memory(self, address: int, size: int) -> bytes:
        """Read `size` bytes of flash or RAM."""
        ...

    def write_memory(self, address: int, data: bytes) -> None:
        """Write flash or RAM, as a debugger would."""
        ...

    def map_memory(self, address: int, size: int) -> None:
        """Add memory that the chip does not have, which code may only read; no effect where it is already."""
        ...

    def symbol(self, name: str) -> int:
        """The address of a symbol, without the Thumb bit. Raises KeyError."""
        ...

    def stack_high_water(self) -> int:
        """The most bytes of stack in use so far, by the paint pattern between __stack_bottom and __stack_top."""
        ...

    @property
    def instructions(self) -> int:
        """Instructions executed since power-on."""
        ...

    def close(self) -> None:
        """Release the emulated machine."""
        ...

    def __enter__(self) -> "Emulator": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class TracingEmulator(Emulator, Protocol):
    """An emulator that stops at functions, so that whoever calls can look at what they leave."""

    def on_call(self, function: str, callback: Callable[..., None] | None) -> None:
        """Call `callback(emulator, r0, r1, r2, r3)` at each entry of `function`; None: no more."""
        ...
