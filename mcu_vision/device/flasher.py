"""Puts an image into flash through the ROM bootloader, and says so only when every byte was read back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcu_vision.device.bootloader import Bootloader, LinkError
from mcu_vision.device.bootloader_session import BootloaderSession
from mcu_vision.device.chips import Chip
from mcu_vision.device.flash_image import Block, FlashImage, Sector
from mcu_vision.errors import UserError

_ROUNDS = 3
Progress = Callable[[str, int, int], None]
"""Called with the stage ("erase", "write", "verify"), what is done, and all: sectors of "erase", else bytes."""


@dataclass
class FlashResult:
    """What was done. There is none without verification of every byte."""

    bootloader_version: int
    erased_sectors: list[int]
    """Sector numbers, in order; again if a sector had to be done again."""
    mass_erased: bool
    written_bytes: int = 0
    kept_bytes: int = 0
    """Bytes that `resume` found in place."""


class Flasher:
    """One image, one part. `sectors` is the whole flash of the part, in order."""

    def __init__(
        self,
        bootloader: Bootloader,
        image: FlashImage,
        sectors: Sequence[Sector],
        chip: Chip,
        progress: Progress = lambda stage, done, total: None,
    ) -> None:
        self._bootloader, self._image, self._sectors = bootloader, image, sectors
        self._session = BootloaderSession(bootloader, chip)
        self._covered = image.covered(sectors)
        self._progress = progress

    def flash(self, resume: bool = False, mass: bool = False, unprotect: bool = False) -> FlashResult:
        """Erase, write and verify.

        `mass` erases the whole flash instead of the covered sectors. `resume` keeps sectors that hold the right
        bytes, and fills those that hold right bytes and erased ones only; it erases any other.
        Raises UserError if anything at all is not as it should be: then the content of the flash is unknown.
        """
        version = self._session.connect()
        self._session.remove_readout_protection(self._image.start, unprotect)
        affected = self._sectors if mass else self._covered
        self._session.remove_write_protection([sector.number for sector in affected], unprotect)
        result = FlashResult(version, [], mass)
        if mass:
            self._progress("erase", 0, 1)
            self._session.retry(self._bootloader.erase_all, "mass erase")
            self._progress("erase", 1, 1)
        todo = self._covered
        for attempt in range(_ROUNDS):
            # Whatever failed verification is erased, whichever way it was written.
            self._program(todo, result, blank=mass and attempt == 0, look=resume and not mass and attempt == 0)
            todo = self._differing()
            if not todo:
                return result
        numbers = ", ".join(str(sector.number) for sector in todo)
        raise UserError(
            f"verification failed: sector {numbers} does not hold the image after {_ROUNDS} rounds; shorten the cables "
            "or lower --baud, and check that the flash is not protected"
        )

    def start(self) -> bool:
        """Start the image; whether the bootloader took the command. A lost answer is not repeated."""
        try:
            self._bootloader.go(self._image.start)
        except LinkError:
            return False
        finally:
            self._bootloader.port.release()
        return True

    def _program(self, sectors: Sequence[Sector], result: FlashResult, blank: bool, look: bool) -> None:
        """Write all blocks of `sectors`, erasing first unless all is `blank`, or a `look` finds less to do."""
        sizes = {sector.number: sum(len(b.data) for b in self._image.blocks_in(sector)) for sector in sectors}
        done = 0
        for sector in sectors:
            blocks = self._image.blocks_in(sector)
            missing = self._missing(blocks) if look else None
            if missing is not None:
                result.kept_bytes += sizes[sector.number] - sum(len(b.data) for b in missing)
            else:
                missing = [block for block in blocks if block.data.strip(b"\xff")]
                if not blank:
                    self._erase(sector, result)
            for block in missing:
                self._write(block)
                result.written_bytes += len(block.data)
                self._progress("write", done + block.address + len(block.data) - blocks[0].address, sum(sizes.values()))
            done += sizes[sector.number]
            self._progress("write", done, sum(sizes.values()))

    def _missing(self, blocks: list[Block]) -> list[Block] | None:
        """The blocks that are still erased, or None if one holds anything else that is wrong."""
        missing = []
        for block in blocks:
            content = self._read(block)
            if content == block.data:
                continue
            if content.strip(b"\xff"):
                return None
            missing.append(block)
        return missing

    def _differing(self) -> list[Sector]:
        """Read back every byte; the sectors that do not hold the image."""
        differing, done = [], 0
        for sector in self._covered:
            for block in self._image.blocks_in(sector):
                # What is read carries no checksum: if it is wrong, two more readings must both be right.
                if self._read(block) != block.data and any(self._read(block) != block.data for _ in range(2)):
                    differing.append(sector)
                    break
                done += len(block.data)
                self._progress("verify", done, self._image.size_bytes)
        return differing

    def _erase(self, sector: Sector, result: FlashResult) -> None:
        self._session.retry(lambda: self._bootloader.erase([sector.number]), f"erase of sector {sector.number}")
        result.erased_sectors.append(sector.number)
        self._progress("erase", len(result.erased_sectors), max(len(self._covered), len(result.erased_sectors)))

    def _write(self, block: Block) -> None:
        self._session.retry(
            lambda: self._bootloader.write(block.address, block.data), f"write at 0x{block.address:08x}"
        )

    def _read(self, block: Block) -> bytes:
        return self._session.retry(
            lambda: self._bootloader.read(block.address, len(block.data)), f"read at 0x{block.address:08x}"
        )
