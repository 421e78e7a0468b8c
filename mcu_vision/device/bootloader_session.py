"""A conversation with the ROM bootloader that repeats what fails, and knows which part it speaks to."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from mcu_vision.device.bootloader import EXTENDED_ERASE, READ, WRITE, Bootloader, LinkError, RefusedError
from mcu_vision.device.chips import Chip, describe_id
from mcu_vision.errors import UserError

_TRIES = 4
_Result = TypeVar("_Result")


class RefusedAgainError(UserError):
    """The bootloader answered NACK every time: it is not the line that is at fault."""


class BootloaderSession:
    """Repeats exchanges that fail, after bringing the bootloader back to its command loop."""

    def __init__(self, bootloader: Bootloader, chip: Chip) -> None:
        self.bootloader, self._chip = bootloader, chip

    def connect(self) -> int:
        """Find the bootloader and check the part; return the protocol's version (BCD). Raises UserError."""
        try:
            self.bootloader.synchronize()
        except LinkError as error:
            raise UserError(
                "the bootloader does not answer: set BOOT0 high, reset the board, check that TX and RX are crossed "
                "and on pins of the bootloader (docs/flashing.md)"
            ) from error
        chip_id = self.agreed(self.bootloader.chip_id, "Get ID")
        if chip_id != self._chip.id:
            raise UserError(
                f"the part says it is {describe_id(chip_id)}, and the image is for {describe_id(self._chip.id)}; "
                "check the port and --board"
            )
        capabilities = self.agreed(self.bootloader.get, "Get")
        if not {READ, WRITE, EXTENDED_ERASE} <= capabilities.commands:
            raise UserError("this bootloader lacks a command to read, write or erase; use --probe")
        return self.agreed(self.bootloader.version, "Get Version")

    def remove_readout_protection(self, address: int, allowed: bool) -> None:
        """Unprotect, and so erase, a flash that cannot be read at `address`. Raises UserError if not `allowed`."""
        try:
            self.retry(lambda: self.bootloader.read(address, 4), f"read at 0x{address:08x}")
        except RefusedAgainError as error:
            if not allowed:
                raise UserError(
                    "the flash is protected from reading (RDP level 1), so nothing can be written or verified; "
                    "--unprotect lifts that, which erases the whole flash"
                ) from error
            self._once(self.bootloader.remove_readout_protection, "readout unprotect")

    def remove_write_protection(self, sectors: list[int], allowed: bool) -> None:
        """If one of `sectors` is write-protected, unprotect all. Raises UserError if not `allowed`."""
        protected = self._write_protected()
        locked = [str(sector) for sector in sectors if sector in protected]
        if locked and not allowed:
            raise UserError(
                f"write-protected: sector {', '.join(locked)}; --unprotect lifts the protection, and they are erased"
            )
        if locked:
            self._once(self.bootloader.remove_write_protection, "write unprotect")

    def retry(self, action: Callable[[], _Result], name: str) -> _Result:
        """The result of `action`, which may be repeated. Raises UserError."""
        refusals = 0
        for _ in range(_TRIES):
            try:
                return action()
            except LinkError as error:
                last = error
                refusals += isinstance(error, RefusedError)
            try:
                self.bootloader.synchronize()
            except LinkError as error:
                raise UserError(
                    f"the bootloader fell silent during {name}: the flash is not verified; "
                    "reset the board with BOOT0 high and run again with --resume"
                ) from error
        if refusals == _TRIES:
            raise RefusedAgainError(f"the bootloader refuses {name}: the flash is not verified; see docs/flashing.md")
        raise UserError(
            f"{name} failed {_TRIES} times ({last}): the flash is not verified; shorten the cables or lower --baud, "
            "and run again with --resume"
        )

    def agreed(self, ask: Callable[[], _Result], name: str) -> _Result:
        """The first answer that comes twice in succession: answers carry no checksum. Raises UserError."""
        last = self.retry(ask, name)
        for _ in range(_TRIES):
            answer = self.retry(ask, name)
            if answer == last:
                return answer
            last = answer
        raise UserError(f"{name} gives another answer every time; shorten the cables or lower --baud")

    def _write_protected(self) -> set[int]:
        """Numbers of protected sectors; none if the bootloader does not let the option bytes be read."""
        locked: set[int] = set()
        for index, address in enumerate(self._chip.write_protection):
            try:
                answer = self.agreed(partial(self.bootloader.read, address, 2), f"read at 0x{address:08x}")
            except RefusedAgainError:
                continue
            word = int.from_bytes(answer, "little")
            # RM0090 section 3.9.1: a clear bit protects; with SPRMOD (bit 15) set, a set bit protects from reading.
            closing = word >> 15
            bits = range(self._chip.sectors_per_word)
            locked |= {index * len(bits) + bit for bit in bits if word >> bit & 1 == closing}
        return locked

    def _once(self, action: Callable[[], None], name: str) -> None:
        """Run a command that ends in a reset of the part, and find the bootloader again."""
        try:
            action()
        except LinkError as error:
            raise UserError(f"{name} failed ({error}); reset the board with BOOT0 high and run again") from error
        self.connect()
