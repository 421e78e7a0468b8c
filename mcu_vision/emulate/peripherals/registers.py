"""What all emulated peripherals are: a window of 32-bit registers."""

from collections.abc import Mapping


class Registers:
    """A window of addresses whose words keep what is written; subclasses give some of them a behaviour.

    `reset_values`: by offset, for registers that are not zero after reset.
    """

    def __init__(self, name: str, base: int, size: int, reset_values: Mapping[int, int] | None = None) -> None:
        self.name, self.base, self.size = name, base, size
        self._reset_values = dict(reset_values or {})
        self.words: dict[int, int] = {}
        self.reset()

    def reset(self) -> None:
        """Take the state after a reset of the chip."""
        self.words = dict(self._reset_values)

    def read(self, offset: int, size: int) -> int:
        """Read 1, 2 or 4 bytes."""
        word = self.read_word(offset & ~3)
        return word >> 8 * (offset & 3) & (1 << 8 * size) - 1

    def write(self, offset: int, size: int, value: int) -> None:
        """Write 1, 2 or 4 bytes; the rest of the word is taken as it reads."""
        if size < 4:
            shift = 8 * (offset & 3)
            mask = (1 << 8 * size) - 1 << shift
            value = self.words.get(offset & ~3, 0) & ~mask | value << shift & mask
        self.write_word(offset & ~3, value & 0xFFFFFFFF)

    def read_word(self, offset: int) -> int:
        """The register at `offset`."""
        return self.words.get(offset, 0)

    def write_word(self, offset: int, value: int) -> None:
        """Set the register at `offset`."""
        self.words[offset] = value
