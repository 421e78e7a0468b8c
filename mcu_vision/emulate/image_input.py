"""Puts an image where the firmware takes it."""

from mcu_vision.emulate.interface import Emulator

WINDOW = 0x60000000
"""Where an image lies whose rows are pulled: external memory of the STM32F4 (RM0090 section 37.4), of which the
board has none. It counts as no RAM of the chip."""


def write_image(board: Emulator, image: bytes) -> None:
    """Give a booted firmware an int8 image (H, W, C) for its next inferences: in its buffer, as a camera's DMA would,
    or, where it pulls rows, in memory that only emulators have. Its rows then come from there.
    """
    try:
        announced = board.symbol("model_rows_pointer")
    except KeyError:
        pointer = board.read_memory(board.symbol("model_input_pointer"), 4)
        board.write_memory(int.from_bytes(pointer, "little"), image)
        return
    board.map_memory(WINDOW, len(image))
    board.write_memory(WINDOW, image)
    board.write_memory(announced, WINDOW.to_bytes(4, "little"))
    board.command("rows memory%")
