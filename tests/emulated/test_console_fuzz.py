"""Commands of a confused host on the emulated firmware, whose console then still answers."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from console_fuzz import fuzzed_command

from mcu_vision.boards import Board
from mcu_vision.emulate.unicorn_board import UnicornBoard


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("console", ["classifier", "mlperf"])
def test_the_console_survives(fake_elf: Callable[[str], Path], f439: Board, console: str, count: int) -> None:
    random = Random(console)
    with UnicornBoard(fake_elf(console), f439, watch_ram=True) as board:
        board.boot()
        for _ in range(count):
            board.send(fuzzed_command(random))
            if random.randrange(8):  # else the next one comes too early
                while board.read_line(5.0) != "m-ready":
                    pass
        board.send(b"%")
        board.run(lambda: False, 5.0)
        assert b"e-[fault" not in board.take_output()
        assert board.command("name%") == ["m-name-dut-[stm32f439]"]
        assert board.stack_high_water() < 1024


def test_a_command_ends_an_endless_inference(fake_elf: Callable[[str], Path], f439: Board) -> None:
    with UnicornBoard(fake_elf("classifier"), f439) as board:
        board.boot()
        board.send(b"infer 4294967295 0%")
        assert [board.read_line(1.0) for _ in range(4)][2] == "m-infer-start-4294967295"
        board.send(b"name%")
        lines = [board.read_line(1.0) for _ in range(4)]
        assert lines == [
            "e-[another command came before all runs were done]",
            "m-ready",
            "m-name-dut-[stm32f439]",
            "m-ready",
        ]
