"""What the ROM bootloader's client has to know of a part, beside its flash sectors."""

from dataclasses import dataclass

from mcu_vision.errors import UserError


@dataclass(frozen=True)
class Chip:
    """A family of parts.

    `write_protection` holds the addresses of the option half-words nWRP, whose bits from 0 belong to
    `sectors_per_word` sectors each, in order.
    """

    id: int
    name: str
    write_protection: tuple[int, ...] = ()
    sectors_per_word: int = 12


# Product identifiers: AN2606 table "Bootloader device-dependent parameters". Option bytes: RM0090 section 3.9.1.
_STM32F42X = Chip(0x419, "STM32F42x/F43x", (0x1FFFC008, 0x1FFEC008))
_CHIPS = {"stm32f439": _STM32F42X}
_OTHER_NAMES = {
    0x410: "STM32F10x medium density",
    0x413: "STM32F405/407/415/417",
    0x415: "STM32L47x/L48x",
    0x421: "STM32F446",
    0x431: "STM32F411",
    0x433: "STM32F401xD/E",
    0x434: "STM32F469/479",
    0x449: "STM32F74x/75x",
    0x450: "STM32H74x/75x",
    0x470: "STM32L4Rx/L4Sx",
}


def chip_of_board(board: str) -> Chip:
    """The part of a board. Raises UserError if its bootloader has not been described."""
    if board not in _CHIPS:
        raise UserError(f"flashing by serial port is for {', '.join(_CHIPS)}, not {board}; use --probe for others")
    return _CHIPS[board]


def describe_id(chip_id: int) -> str:
    """A product identifier with its family's name, if known."""
    name = {_STM32F42X.id: _STM32F42X.name, **_OTHER_NAMES}.get(chip_id, "an unknown part")
    return f"0x{chip_id:03x} ({name})"
