"""Board descriptions: memories, clock tree, console."""

from mcu_vision.boards.board import FAMILIES, Board, Clock, Console, FlashSector, Region
from mcu_vision.boards.loader import board_names, load_board

__all__ = ["FAMILIES", "Board", "Clock", "Console", "FlashSector", "Region", "board_names", "load_board"]
